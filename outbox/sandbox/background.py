"""The ERP's background operations: what a 202 points to. Only the fault `accepted` starts one."""

from __future__ import annotations

from outbox.sandbox.answers import Answer, Call, erp_refusal
from outbox.sandbox.state import Cloud, Operation


def start_background(cloud: Cloud, outcome: Answer, base_url: str) -> Answer:
    """Keeps the outcome of a call and answers 202 in its place."""
    id_ = cloud.new_id()
    cloud.background[id_] = Operation(outcome.status, outcome.body, dict(outcome.headers))
    return Answer(202, {"id": id_, "stateLocation": f"{base_url}/background/{id_}"}, note=outcome.note)


def _find(cloud: Cloud, call: Call) -> Operation:
    if call.params[0] not in cloud.background:
        raise erp_refusal(404, "No such background operation.")
    return cloud.background[call.params[0]]


def read_background(cloud: Cloud, call: Call) -> Answer:
    """The first question hears `Started`, every later one how it ended; why it failed is told by its content alone."""
    operation = _find(cloud, call)
    operation.polls += 1
    body = {"id": call.params[0], "status": "Started", "statusCode": 0, "hasResponseContent": False}
    if operation.polls > 1:
        body |= {
            "status": "Finished" if operation.status < 400 else "Failed",
            "statusCode": operation.status,
            "hasResponseContent": operation.body is not None,
            "responseHeaders": operation.headers,
        }
    return Answer(200, body)


def read_background_content(cloud: Cloud, call: Call) -> Answer:
    operation = _find(cloud, call)
    if operation.polls < 2 or operation.body is None:
        raise erp_refusal(404, "The operation has no content.")
    return Answer(200, operation.body)
