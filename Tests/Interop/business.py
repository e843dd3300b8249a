"""What other people's programs make of our files: pyx12 reads the acknowledgements, and the library of Standard Webhooks
signs the messages."""

import datetime
import io
import json
import pathlib
import random
import string

import pyx12.x12file
from standardwebhooks.webhooks import Webhook

from scenarios import Refused

SAMPLE = pathlib.Path(__file__).parents[2] / "Samples" / "report-867.x12"
# Published with the samples of Standard Webhooks; no real secret.
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def read(text):
    """The segments that pyx12 reads, and the codes of what it finds wrong with the envelope."""
    reader = pyx12.x12file.X12Reader(io.StringIO(text))
    segments, errors = [], []
    for segment in reader:
        segments.append(segment)
        errors += reader.pop_errors()
    reader.cleanup()
    return segments, [(level, code) for level, code, *_ in errors + reader.pop_errors()]


def elements(segments, name):
    """The elements of each segment of that name."""
    return [[segment.get_value(f"{name}{n:02d}") for n in range(1, len(segment) + 1)]
            for segment in segments if segment.get_seg_id() == name]


def file_of_another(text):
    """The sample from a distributor that nobody has heard of, so that its control numbers are new."""
    return text.replace("DISTIT01", "DI" + "".join(random.choices(string.digits, k=6)))


def report(client, text):
    submitted = client.call("report.submit", {"format": "x12", "content": text})
    return client.call("report.get", {"reportId": submitted["reportId"], "waitMs": 30_000})


def acknowledgements_are_read_without_an_error(client, university):
    answers = report(client, file_of_another(SAMPLE.read_text()))["acknowledgements"]
    seen = {}
    for name in ["ta1", "x997", "x824"]:
        seen[name], errors = read(answers[name])
        assert errors == [], (name, errors)
    assert elements(seen["ta1"], "TA1")[0][3:5] == ["A", "000"], answers["ta1"]
    assert elements(seen["x997"], "AK1")[0][:2] == ["PT", "417"], answers["x997"]
    assert elements(seen["x997"], "AK9")[0][0] == "A", answers["x997"]
    assert elements(seen["x824"], "OTI")[0][0] in ["TA", "TE"], answers["x824"]


def what_pyx12_finds_wrong_is_what_we_acknowledge(client, university):
    sample = SAMPLE.read_text()
    for wrong, level, code in [
            (sample.replace("SE*37*0001", "SE*36*0001"), "st", "4"),
            (sample.replace("SE*37*0001", "SE*37*0009"), "st", "3"),
            (sample.replace("GE*1*417", "GE*2*417"), "gs", "5"),
            (sample.replace("IEA*1*000000417", "IEA*1*000000418"), "isa", "001")]:
        wrong = file_of_another(wrong)
        assert (level, code) in read(wrong)[1], (level, code)
        answers = report(client, wrong)["acknowledgements"]
        if level == "isa":
            assert elements(read(answers["ta1"])[0], "TA1")[0][4] == code, answers["ta1"]
            continue
        segments, errors = read(answers["x997"])
        assert errors == [], errors
        told = elements(segments, "AK5" if level == "st" else "AK9")[0][1 if level == "st" else 4:]
        assert code in told, (code, answers["x997"])


def a_message_signed_by_the_library_is_believed(client, university):
    if university is None:
        return
    body = json.dumps({"type": "learning.course.completed", "timestamp": "2026-03-05T09:12:44Z", "data": {
        "courseId": "0001114953", "learnerId": "UV00123456789", "partnerId": "10284417", "result": "passed",
        "completedAt": "2026-03-05T09:12:40Z"}})
    identifier = "msg_" + "".join(random.choices(string.ascii_letters, k=12))
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    message = {
        "id": identifier, "timestamp": str(int(now.timestamp())), "body": body,
        "signature": Webhook(SECRET).sign(identifier, now, body)}
    assert university.call("course.complete", {"webhook": message})["outcome"] in ["accepted", "ignored"]
    for change in [{"body": body + " "}, {"id": identifier + "x"},
                   {"timestamp": str(int(now.timestamp()) - 301)}, {"signature": message["signature"][:-4]}]:
        try:
            university.call("course.complete", {"webhook": {**message, **change}})
        except Refused as refused:
            assert refused.code == -32001, refused
        else:
            raise AssertionError(f"a message with another {list(change)[0]} was believed")


ALL = [acknowledgements_are_read_without_an_error, what_pyx12_finds_wrong_is_what_we_acknowledge,
       a_message_signed_by_the_library_is_believed]
