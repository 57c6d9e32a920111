"""Builds Mininet networks one after the other, and pings all in the first round. Arguments: the controller's IP and port,
then names of topologies. Prints a line of JSON for each. (The mn program ends by killing all that looks like Mininet's on
the machine: this uses its library, which does not.)"""
import json
import sys
import time
from functools import partial

from mininet.net import Mininet
from mininet.node import OVSSwitch, RemoteController
from mininet.topo import LinearTopo, SingleSwitchTopo, Topo
from mininet.topolib import TorusTopo, TreeTopo


class MeshTopo(Topo):
    """Every switch cabled to every other, and a host at each."""

    def build(self, size=5):
        switches = [self.addSwitch('s%d' % (at + 1)) for at in range(size)]
        for at, switch in enumerate(switches):
            self.addLink(self.addHost('h%d' % (at + 1)), switch)
            for other in switches[at + 1:]:
                self.addLink(switch, other)


TOPOLOGIES = {
    'single': lambda: SingleSwitchTopo(4),
    'linear': lambda: LinearTopo(4),
    'tree': lambda: TreeTopo(depth=2, fanout=3),
    'torus': lambda: TorusTopo(3, 3),
    'mesh': lambda: MeshTopo(5),
}

ip, port, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
for name in names:
    net = Mininet(
        topo=TOPOLOGIES[name](),
        switch=partial(OVSSwitch, protocols='OpenFlow13', datapath='user'),
        controller=None,
        autoSetMacs=True,
    )
    try:
        net.addController('c0', controller=RemoteController, ip=ip, port=port)
        net.start()
        connected = net.waitConnected(timeout=20)
        began = time.time()
        loss = net.pingAll()
        took = time.time() - began
        print(json.dumps({
            'name': name, 'connected': bool(connected), 'loss': loss, 'seconds': round(took, 1),
            'hosts': len(net.hosts), 'switches': len(net.switches), 'links': len(net.links),
        }), flush=True)
    finally:
        net.stop()
