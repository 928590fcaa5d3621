"""One file for each way of looking ahead; `forecasting.catalogue` names them all."""
