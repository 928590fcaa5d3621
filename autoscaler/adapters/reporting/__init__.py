"""What Headway tells people: reasons in words, a tick as a story, a replay as a page."""
