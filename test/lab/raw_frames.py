# Sends and hears frames byte by byte on network devices, VLAN tags that the kernel has taken off included.
import json
import os
import select
import socket
import struct
import sys
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
TP_STATUS_VLAN_VALID = 0x10
TP_STATUS_VLAN_TPID_VALID = 0x40
PACKET_OUTGOING = 4
DEADLINE_SEC = 90
QUIET_SEC = 0.5


def heard(sock):
    data, control, _, address = sock.recvmsg(65536, 256)
    if address[2] == PACKET_OUTGOING:
        return None
    for level, kind, aux in control:
        if level != SOL_PACKET or kind != PACKET_AUXDATA:
            continue
        status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", aux[:20])
        if status & TP_STATUS_VLAN_VALID:
            kept = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
            data = data[:12] + struct.pack("!HH", kept, tci) + data[12:]
    return data


def main():
    order = json.load(sys.stdin)
    marker = bytes.fromhex(order["marker"])
    sockets = {}
    for name in order["listen"]:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        sock.bind((name, 0))
        sockets[sock] = name
    result = {name: [] for name in order["listen"]}
    if order.get("ready"):
        open(order["ready"], "w").close()

    def hear(seconds):
        ready, _, _ = select.select(list(sockets), [], [], seconds)
        for sock in ready:
            data = heard(sock)
            if data is not None and marker in data:
                result[sockets[sock]].append(data.hex())
        return len(ready) > 0

    senders = {}
    for frame in order["send"]:
        name = frame["port"]
        if name not in senders:
            senders[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            senders[name].bind((name, 0))
        senders[name].send(bytes.fromhex(frame["hex"]))
        until = time.monotonic() + 0.004
        while time.monotonic() < until:
            hear(0.001)
    deadline = time.monotonic() + DEADLINE_SEC
    while time.monotonic() < deadline:
        stop = order.get("stop")
        if not hear(QUIET_SEC) and (stop is None or os.path.exists(stop)):
            break
    json.dump(result, sys.stdout)


main()
