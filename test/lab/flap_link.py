# Takes a link down and up again so many times a second, and says how many times it has been and how long it took.
import fcntl
import json
import socket
import struct
import sys
import time

SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1

device, seconds, rate = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
name = device.encode().ljust(16, b"\0")
_, flags = struct.unpack("16sh", fcntl.ioctl(sock, SIOCGIFFLAGS, name + b"\0\0"))
start = time.monotonic()
flaps = 0
while time.monotonic() - start < seconds:
    fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh", name, flags & ~IFF_UP))
    fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh", name, flags | IFF_UP))
    flaps += 1
    time.sleep(max(0, start + flaps / rate - time.monotonic()))
json.dump({"flaps": flaps, "seconds": time.monotonic() - start}, sys.stdout)
