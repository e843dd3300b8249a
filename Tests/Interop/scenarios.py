"""What every client must be able to do, whatever it is written with.

A client is an object with `call(method, params)`, which returns the result or raises `Refused`, and with
`batch(calls)` and `notify(method, params)`. Each scenario is a function of a factory of such clients.
"""

import json


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, code, message="", data=None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.data = data


def refusal(client, method, params=None):
    try:
        result = client.call(method, params)
    except Refused as refused:
        return refused
    raise AssertionError(f"{method} was answered with {result}")


def a_ping_is_answered(connect, token):
    with connect() as client:
        result = client.call("system.ping")
        assert result["pong"] is True and result["now"].endswith("Z"), result


def info_tells_the_limits(connect, token):
    with connect() as client:
        limits = client.call("system.info")["limits"]
        assert limits["nesting"] == 64 and limits["batch"] == 1000, limits


def empty_params_are_none(connect, token):
    with connect() as client:
        assert client.call("system.ping", {})["pong"] is True


def an_unknown_method_is_refused(connect, token):
    with connect() as client:
        assert refusal(client, "system.pnig").code == -32601


def an_unknown_parameter_is_refused_and_named(connect, token):
    with connect() as client:
        refused = refusal(client, "rpc.discover", {"prefx": "system."})
        assert refused.code == -32602, refused
        if refused.data is not None:
            assert refused.data["fields"][0]["path"] == "prefx", refused.data
            assert refused.data["applied"] == "no" and refused.data["requestId"], refused.data


def parameters_by_position_are_refused(connect, token):
    with connect() as client:
        assert refusal(client, "rpc.discover", ["system."]).code == -32602


def a_session_is_needed_and_opened(connect, token):
    with connect() as client:
        assert refusal(client, "session.whoami").code == -32001
        opened = client.call("session.open", {"token": token, "client": "interop"})
        assert opened["principal"]["kind"] == "admin", opened
        assert client.call("session.whoami") == opened
        assert refusal(client, "session.open", {"token": token}).code == -32004


def a_wrong_token_closes_the_connection(connect, token):
    with connect() as client:
        assert refusal(client, "session.open", {"token": "hf_admin_" + "x" * 22}).code == -32001
        try:
            client.call("system.ping")
        except Refused as refused:
            raise AssertionError(f"the connection is still open: {refused}")
        except Exception:
            return
        raise AssertionError("the connection is still open")


def a_batch_is_answered(connect, token):
    with connect() as client:
        answers = client.batch([("system.ping", None), ("no.such", None), ("system.info", None)])
        assert answers[0]["pong"] is True, answers
        assert isinstance(answers[1], Refused) and answers[1].code == -32601, answers
        assert answers[2]["name"] == "holdfast", answers


def a_notification_is_not_answered(connect, token):
    with connect() as client:
        client.notify("system.ping")
        client.notify("no.such")
        assert client.call("system.ping")["pong"] is True


def many_requests_share_a_connection(connect, token):
    with connect() as client:
        for answer in client.many([("system.ping", None)] * 200):
            assert answer["pong"] is True


def discovery_describes_what_may_be_called(connect, token):
    with connect() as client:
        names = [method["name"] for method in client.call("rpc.discover", {"prefix": "s"})["methods"]]
        assert "system.ping" in names and "session.whoami" not in names, names
        client.call("session.open", {"token": token, "maxLineBytes": 1 << 20})
        document = client.call("rpc.discover")
        names = [method["name"] for method in document["methods"]]
        assert "session.whoami" in names, names
        for method in document["methods"]:
            assert method["result"]["schema"] is not None and method["paramStructure"] == "by-name", method
        json.dumps(document)


ALL = [
    a_ping_is_answered,
    info_tells_the_limits,
    empty_params_are_none,
    an_unknown_method_is_refused,
    an_unknown_parameter_is_refused_and_named,
    parameters_by_position_are_refused,
    a_session_is_needed_and_opened,
    a_wrong_token_closes_the_connection,
    a_batch_is_answered,
    a_notification_is_not_answered,
    many_requests_share_a_connection,
    discovery_describes_what_may_be_called,
]
