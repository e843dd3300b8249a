"""What rpc.discover says, judged by a library of JSON Schema that was not written here."""

from jsonschema import Draft7Validator, Draft202012Validator

# Members that OpenRPC 1.3 knows, and those that it requires.
METHOD = ({"name", "summary", "paramStructure", "params", "result", "errors"}, {"name", "params", "result"})
DESCRIPTOR = ({"name", "summary", "description", "schema", "required", "deprecated"}, {"name", "schema"})
ERROR = ({"code", "message", "data"}, {"code", "message"})


def document(admin):
    return admin.call("rpc.discover")


def fits(value, members):
    known, required = members
    assert required <= set(value), f"{value} lacks {required - set(value)}"
    unknown = {name for name in set(value) - known if not name.startswith("x-")}
    assert not unknown, f"{value} has {unknown}"


def the_document_has_what_openrpc_requires(admin):
    discovered = document(admin)
    assert discovered["openrpc"].startswith("1."), discovered["openrpc"]
    assert {"title", "version"} <= set(discovered["info"])
    names = [method["name"] for method in discovered["methods"]]
    assert len(names) == len(set(names)) and len(names) > 30, names
    for method in discovered["methods"]:
        fits(method, METHOD)
        for descriptor in method["params"] + [method["result"]]:
            fits(descriptor, DESCRIPTOR)
        for error in method["errors"]:
            if "$ref" in error:
                section, name = error["$ref"].removeprefix("#/components/").split("/")
                error = discovered["components"][section][name]
            fits(error, ERROR)


def each_schema_is_a_json_schema(admin):
    for method in document(admin)["methods"]:
        for descriptor in method["params"] + [method["result"]]:
            Draft7Validator.check_schema(descriptor["schema"])
            Draft202012Validator.check_schema(descriptor["schema"])


def results_are_as_their_schemas_say(admin):
    schemas = {method["name"]: method["result"]["schema"] for method in document(admin)["methods"]}
    steps = {"workflow": "canary.steps", "input": {"steps": 2}}
    started = admin.call("run.start", steps)
    schedule = {
        "name": "interop", "everyMs": 86400000, "missed": "skip", "overlap": "allow", **steps}
    calls = [
        ("run.wait", {"runId": started["runId"], "timeoutMs": 60000}), ("run.get", {"runId": started["runId"]}),
        ("run.history", {"runId": started["runId"]}), ("run.explain", {"runId": started["runId"]}),
        ("run.startMany", {"runs": [steps, steps]}), ("run.list", {}), ("workflow.list", {}),
        ("run.fork", {"runId": started["runId"], "fromStep": "step-2"}),
        ("schedule.put", schedule), ("schedule.list", {}), ("schedule.trigger", {"name": "interop"}),
        ("schedule.remove", {"name": "interop"}), ("system.ping", {}), ("system.info", {}), ("session.whoami", {}),
        ("event.subscriptions", {}), ("canary.balance", {"account": "a"}), ("device.list", {}), ("report.list", {}),
        ("run.start", {**steps, "idempotencyKey": "interop"}), ("run.start", {**steps, "idempotencyKey": "interop"}),
    ]
    Draft202012Validator(schemas["run.start"]).validate(started)
    for name, params in calls:
        Draft202012Validator(schemas[name]).validate(admin.call(name, params))


ALL = [the_document_has_what_openrpc_requires, each_schema_is_a_json_schema, results_are_as_their_schemas_say]
