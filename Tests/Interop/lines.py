"""What can only be seen on the bare socket, through nc: framing, half-close, and lines that are no JSON."""

import json
import subprocess


def exchange(host, port, text):
    """Sends the text, closes that direction, and returns the lines that came back."""
    done = subprocess.run(["nc", "-N", host, str(port)], input=text, capture_output=True, timeout=30, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


PING = b'{"jsonrpc":"2.0","id":1,"method":"system.ping"}'


def one_line_is_one_answer(host, port):
    assert exchange(host, port, PING + b"\n")[0]["result"]["pong"] is True


def a_last_line_without_its_end_counts(host, port):
    assert len(exchange(host, port, PING + b"\r\n\r\n  \n" + PING)) == 2


def a_word_is_answered_with_a_line_that_works(host, port):
    error = exchange(host, port, b"help\n")[0]["error"]
    assert error["code"] == -32700, error
    line = error["message"][error["message"].index("{"):].encode()
    assert exchange(host, port, line)[0]["result"]["pong"] is True


def ids_come_back_to_the_byte(host, port):
    for id in [b"9007199254740993", b"1.50", b'"\\u0041"', b"null"]:
        line = b'{"jsonrpc":"2.0","id":' + id + b',"method":"system.ping"}\n'
        done = subprocess.run(["nc", "-N", host, str(port)], input=line, capture_output=True, timeout=30, check=False)
        assert b'"id":' + id + b"," in done.stdout, done.stdout


def what_is_no_strict_json_is_refused(host, port):
    for text in [b'{"a":1,}', b"\xef\xbb\xbf" + PING, b'{"a":1,"a":2}', b'{"a":"\xff"}', b'{"a":NaN}', PING + b" x"]:
        answer = exchange(host, port, text + b"\n")[0]
        assert answer["error"]["code"] == -32700 and answer["id"] is None, answer


def a_line_that_is_too_long_is_answered_after_the_earlier_ones(host, port):
    answers = exchange(host, port, PING + b"\n" + b"x" * (2 << 20) + b"\n" + PING + b"\n")
    assert [answer["id"] for answer in answers] == [1, None], answers
    assert answers[1]["error"]["data"]["type"] == "line.tooLong", answers


def the_examples_of_the_specification_are_answered_as_it_says(host, port):
    def codes(text):
        answers = exchange(host, port, text + b"\n")
        if not answers:
            return []
        answer = answers[0]
        return [a["error"]["code"] for a in answer] if isinstance(answer, list) else answer["error"]["code"]

    assert codes(b'{"jsonrpc": "2.0", "method": "foobar", "id": "1"}') == -32601
    assert codes(b'{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]') == -32700
    assert codes(b'{"jsonrpc": "2.0", "method": 1, "params": "bar"}') == -32600
    assert codes(b'[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]') == -32700
    assert codes(b"[]") == -32600
    assert codes(b"[1]") == [-32600]
    assert codes(b"[1,2,3]") == [-32600] * 3
    assert codes(b'[{"jsonrpc": "2.0", "method": "a"},{"jsonrpc": "2.0", "method": "b"}]') == []


ALL = [
    one_line_is_one_answer,
    a_last_line_without_its_end_counts,
    a_word_is_answered_with_a_line_that_works,
    ids_come_back_to_the_byte,
    what_is_no_strict_json_is_refused,
    a_line_that_is_too_long_is_answered_after_the_earlier_ones,
    the_examples_of_the_specification_are_answered_as_it_says,
]
