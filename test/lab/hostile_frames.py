# Sends frames from a device as fast as it can: those of standard input, every EtherType, or random ones for some seconds.
import json
import os
import random
import socket
import struct
import sys
import time

order = json.load(sys.stdin)
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind((order["device"], 0))
sent = 0
refused = 0


def send(frame):
    global sent, refused
    try:
        sock.send(frame)
        sent += 1
    except OSError:
        # The kernel takes none that is shorter than a header, and none that is longer than the MTU.
        refused += 1


for frame in order.get("frames", []):
    send(bytes.fromhex(frame))
    time.sleep(0.001)

head = bytes.fromhex(order["destination"] + order["source"])
if order.get("everyEtherType"):
    for kind in range(65536):
        send(head + struct.pack("!H", kind) + os.urandom(46))

until = time.monotonic() + order.get("randomSec", 0)
seed = random.Random(order.get("seed", 1))
kinds = [b"\x08\x06", b"\x86\xdd", b"\x08\x00", b"\x81\x00", b"\x88\xcc", b"\x88\xb5"]
while time.monotonic() < until:
    for _ in range(200):
        source = b"\x06" + seed.randbytes(5)
        destination = b"\xff" * 6 if seed.random() < 0.5 else head[:6]
        send(destination + source + seed.choice(kinds) + seed.randbytes(seed.randrange(1, 120)))

# A pool of random frames, over and over: what makes them costs no time while they are sent.
own = bytes.fromhex(order["source"])
pool = [own + b"\x06" + os.urandom(5) + os.urandom(2) + os.urandom(46) for _ in range(order.get("pool", 0))]
until = time.monotonic() + order.get("poolSec", 0)
while pool and time.monotonic() < until:
    for frame in pool:
        send(frame)

json.dump({"sent": sent, "refused": refused}, sys.stdout)
