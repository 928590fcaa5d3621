import gzip

import numpy as np
import pytest

from autoscaler.replay.trace import Trace, TraceError
from autoscaler.replay.trace_file import read_trace, to_csv

HEADER = "timestamp,requests,prompt_tokens,output_tokens\n"


def written(tmp_path, text, name="demand.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


READABLE = {
    "ISO times and tokens": (
        HEADER + "2024-05-12T00:00:00Z,3,10,20\n2024-05-12T00:01:00Z,4,11,21\n",
        (1_715_472_000.0, 60.0, [3.0, 4.0]),
    ),
    "an offset from UTC": (
        HEADER + "2024-05-12T02:00:00+02:00,3,,\n2024-05-12T02:01:00+02:00,4,,\n",
        (1_715_472_000.0, 60.0, [3.0, 4.0]),
    ),
    "seconds, no token columns": ("timestamp,requests\n0,1\n10,2\n", (0.0, 10.0, [1.0, 2.0])),
    "a blank is a gap": ("timestamp,requests\n0,1\n10,\n20,0\n", (0.0, 10.0, [1.0, None, 0.0])),
    "rows left out are gaps": (
        "timestamp,requests\n0,1\n10,2\n40,3\n50,4\n",
        (0.0, 10.0, [1, 2, None, None, 3, 4]),
    ),
    "rows left out at once": (
        "timestamp,requests\n0,1\n30,2\n40,3\n50,4\n",
        (0.0, 10.0, [1, None, None, 2, 3, 4]),
    ),
    "columns in another order": ("requests,note,timestamp\n1,x,0\n2,y,10\n", (0.0, 10.0, [1.0, 2.0])),
    "spaces, a byte-order mark, blank lines": (
        "\ufefftimestamp, requests\n0, 1\n\n10, 2\n",
        (0.0, 10.0, [1.0, 2.0]),
    ),
}


@pytest.mark.parametrize("text, expected", READABLE.values(), ids=READABLE)
def test_what_can_be_read(tmp_path, text, expected):
    (trace,) = read_trace(written(tmp_path, text)).values()
    requests = [None if np.isnan(x) else x for x in trace.requests]
    assert (trace.name, (trace.start, trace.step, requests)) == ("demand", expected)


BROKEN = {
    "empty": ("", "empty; expected a header"),
    "a header and no rows": (HEADER, "a header and no rows"),
    "one row": (HEADER + "0,1,,\n", ":2: one row for demand; two at least"),
    "no column requests": ("timestamp,count\n0,1\n", "no column 'requests' among timestamp, count"),
    "a column twice": ("timestamp,requests,requests\n0,1,1\n", "column 'requests' stands twice"),
    "a word for a number": (
        HEADER + "0,1,,\n60,many,,\n",
        ":3: requests is 'many'; expected a number from 0 up",
    ),
    "not a number": (HEADER + "0,1,,\n60,nan,,\n", ":3: requests is 'nan'"),
    "an infinity": (HEADER + "0,1,,\n60,inf,,\n", ":3: requests is 'inf'"),
    "more than anybody asks": (
        HEADER + "0,1,,\n60,1e308,,\n",
        ":3: requests is '1e308'; nobody asks for more",
    ),
    "a time that is no number": (
        HEADER + "nan,1,,\n60,1,,\n",
        ":2: timestamp is 'nan'; expected seconds or ISO",
    ),
    "a negative count": (HEADER + "0,1,,\n60,1,-4,\n", ":3: prompt_tokens is '-4'"),
    "a date that is none": (
        HEADER + "yesterday,1,,\n60,1,,\n",
        ":2: timestamp is 'yesterday'; expected seconds or ISO",
    ),
    "milliseconds": (
        HEADER + "1715472000000,1,,\n1715472060000,1,,\n",
        ":2: timestamp 1715472000000 is no date",
    ),
    "times go backwards": (HEADER + "60,1,,\n0,1,,\n", ":3: timestamp goes back by 60 s"),
    "a time repeats": (HEADER + "0,1,,\n0,1,,\n", ":3: timestamp repeats"),
    "an irregular step": (
        HEADER + "0,1,,\n60,1,,\n120,1,,\n150,1,,\n",
        ":5: 30 s after the row before; expected a mul",
    ),
    "a hole of months": (
        HEADER + "0,1,,\n60,1,,\n120,1,,\n8640000,1,,\n",
        ":5: 100.0 days after the row before",
    ),
    "a short row": (HEADER + "0,1\n", ":2: 2 columns; the header has 4"),
    "only blanks": (HEADER + "0,,,\n60,,,\n", "column requests is blank in all rows"),
    "a workload without a name": ("timestamp,requests,workload\n0,1,\n", ":2: column workload is blank"),
    "not text": (b"\xff\xfe\x00\x01", "not text"),
}


@pytest.mark.parametrize("text, message", BROKEN.values(), ids=BROKEN)
def test_bad_input_is_one_line_that_says_where_and_what(tmp_path, text, message):
    with pytest.raises(TraceError) as caught:
        read_trace(written(tmp_path, text))
    assert message in str(caught.value)
    assert "demand.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


WHOLE = gzip.compress((HEADER + "0,1,,\n60,2,,\n" * 1).encode())


@pytest.mark.parametrize(
    "content, message",
    [
        (b"timestamp,requests\n0,1\n", "no gzip file"),
        (WHOLE[:-9], "damaged"),
        (WHOLE[:12] + b"\0" * 40, "damaged"),
    ],
    ids=["plain text named .gz", "cut short", "damaged"],
)
def test_a_gzip_file_that_is_none(tmp_path, content, message):
    with pytest.raises(TraceError, match=message):
        read_trace(written(tmp_path, content, "demand.csv.gz"))


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(TraceError, match=r"nowhere\.csv: No such file"):
        read_trace(tmp_path / "nowhere.csv")
    with pytest.raises(TraceError, match="Is a directory"):
        read_trace(tmp_path)


def test_gzip_is_known_by_its_content(tmp_path):
    (trace,) = read_trace(written(tmp_path, WHOLE, "demand.csv")).values()
    assert trace.requests.tolist() == [1.0, 2.0]


def test_a_column_workload_makes_several(tmp_path):
    text = "timestamp,requests,workload\n0,1,a\n0,5,b\n60,2,a\n60,6,b\n"
    traces = read_trace(written(tmp_path, text))
    assert {name: trace.requests.tolist() for name, trace in traces.items()} == {
        "a": [1.0, 2.0],
        "b": [5.0, 6.0],
    }


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
@pytest.mark.parametrize("start", [0.0, 1_715_472_000.0], ids=["seconds", "dates"])
def test_what_is_written_reads_back_the_same(tmp_path, name, start):
    requests = np.array([1.0, np.nan, 2.5])
    traces = [
        Trace(name="a", start=start, step=60.0, requests=requests, prompt_tokens=requests * 100),
        Trace(name="b", start=start, step=60.0, requests=requests + 1),
    ]
    to_csv(traces, tmp_path / name)
    back = read_trace(tmp_path / name)
    assert list(back) == ["a", "b"]
    for trace in traces:
        other = back[trace.name]
        assert (other.start, other.step) == (trace.start, trace.step)
        np.testing.assert_array_equal(other.requests, trace.requests)
    np.testing.assert_array_equal(back["a"].prompt_tokens, requests * 100)
    assert back["b"].prompt_tokens is None
