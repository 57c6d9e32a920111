# Reads OpenFlow messages in hex, a line each, and prints for each, as JSON, what os-ken makes of it.
import json
import signal
import sys

from os_ken.ofproto import ofproto_parser, ofproto_protocol
from os_ken.ofproto import ofproto_v1_3, ofproto_v1_3_parser  # noqa: F401

datapath = ofproto_protocol.ProtocolDesc(version=ofproto_v1_3.OFP_VERSION)


def look(message):
    version, kind, length, xid = ofproto_parser.header(message)
    parsed = ofproto_parser.msg(datapath, version, kind, length, xid, message)
    if parsed is None:
        return {"error": "it has no parser for this type"}
    found = {"xid": parsed.xid, "name": type(parsed).__name__, "fields": parsed.to_jsondict()}
    try:
        parsed.serialize()
        found["bytes"] = bytes(parsed.buf).hex()
    except Exception as error:  # It cannot write everything that it reads.
        found["unwritable"] = repr(error)
    return found


def too_long(_signal, _frame):
    raise TimeoutError("it does not come to an end")


# Some lists whose elements it does not know keep it busy for ever.
signal.signal(signal.SIGALRM, too_long)
for line in sys.stdin:
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        print(json.dumps(look(bytes.fromhex(line.strip()))))
    except Exception as error:
        print(json.dumps({"error": repr(error)}))
