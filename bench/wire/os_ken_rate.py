# Decodes a file of OpenFlow messages with os-ken, over and over; prints messages per second of processor time and by the clock, a line for each run.
import sys
import time

from os_ken.ofproto import ofproto_parser, ofproto_protocol
from os_ken.ofproto import ofproto_v1_3, ofproto_v1_3_parser  # noqa: F401


class Datapath(ofproto_protocol.ProtocolDesc):
    pass


def main():
    path, runs, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    stream = open(path, "rb").read()
    datapath = Datapath(version=ofproto_v1_3.OFP_VERSION)
    messages = []
    at = 0
    while at < len(stream):
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        messages.append(stream[at : at + length])
        at += length
    for _ in range(runs):
        start = time.perf_counter()
        processor = time.process_time()
        count = 0
        while time.perf_counter() - start < seconds:
            for message in messages[:500]:
                version, kind, length, xid = ofproto_parser.header(message)
                ofproto_parser.msg(datapath, version, kind, length, xid, message)
                count += 1
        print(count / (time.process_time() - processor), count / (time.perf_counter() - start))


main()
