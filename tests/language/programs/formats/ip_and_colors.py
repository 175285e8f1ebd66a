import colorsys
import ipaddress

net = ipaddress.ip_network("192.168.1.0/29")
print(net.num_addresses, net.netmask, [str(h) for h in net.hosts()][:3], ipaddress.ip_address("192.168.1.5") in net)
print(ipaddress.ip_address("10.0.0.1").is_private, ipaddress.ip_address("::1").version, int(ipaddress.IPv4Address("0.0.1.0")))
try:
    ipaddress.ip_address("300.1.1.1")
except ValueError as e:
    print(e)
h, s, v = colorsys.rgb_to_hsv(1.0, 0.5, 0.25)
print(round(h, 4), s, v, colorsys.hsv_to_rgb(0.5, 1, 1), colorsys.rgb_to_hls(0.2, 0.4, 0.6)[1])

def hex_to_rgb(code):
    code = code.lstrip("#")
    return tuple(int(code[i:i + 2], 16) for i in (0, 2, 4))

def blend(a, b, t):
    return "#" + "".join(f"{round(x + (y - x) * t):02x}" for x, y in zip(hex_to_rgb(a), hex_to_rgb(b)))
blend("#000000", "#ff8040", 0.5), hex_to_rgb("#1e90ff")
