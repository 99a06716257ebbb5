package rest

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"cleat/internal/fail"
)

// controlOf asks check for the address of each connection about to be made. That is what
// names were resolved to, so a name cannot say one thing to a check and another to a dial.
func controlOf(check func(netip.Addr) error) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return blocked("an address that is no IP address")
		}
		return check(ap.Addr())
	}
}

func blocked(what string) error {
	return fail.Errorf(fail.Denied, "blocked address: the host leads to %s", what).
		Then("tell the user; the address of a source is its key url, hosts that downloads come from are its key downloads")
}

// checkOrigin refuses what no configured service has: addresses of metadata services,
// link-local and multicast ones, and none at all. If plain, only loopback is good.
func checkOrigin(ip netip.Addr, plain bool) error {
	for _, a := range meanings(ip) {
		switch {
		case metadata(a):
			return blocked("the address of a metadata service")
		case a.IsUnspecified() || thisNetwork(a):
			return blocked("no host's address")
		case a.IsLinkLocalUnicast():
			return blocked("a link-local address")
		case a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
			return blocked("a multicast address")
		}
	}
	if plain && !ip.Unmap().IsLoopback() {
		return blocked("another machine, without encryption")
	}
	return nil
}

// checkPublic refuses, beyond what checkOrigin refuses, every address that is not one of
// the public internet.
func checkPublic(ip netip.Addr) error {
	if err := checkOrigin(ip, false); err != nil {
		return err
	}
	for _, a := range meanings(ip) {
		switch {
		case a.IsLoopback():
			return blocked("this machine")
		case a.IsPrivate():
			return blocked("a private address")
		case reserved(a):
			return blocked("a reserved address")
		}
	}
	return nil
}

// checkForeign is the check for redirected downloads. hostport is what was asked for.
func (c *Client) checkForeign(hostport string, ip netip.Addr) error {
	if c.mayDownload(hostport) {
		return checkOrigin(ip, false)
	}
	return checkPublic(ip)
}

// mayDownload reports whether the configuration names the host for downloads.
func (c *Client) mayDownload(hostport string) bool {
	name, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return false
	}
	for _, d := range c.config.Downloads {
		dn, dp, err := net.SplitHostPort(d)
		if err != nil {
			dn, dp = strings.Trim(d, "[]"), "443"
		}
		if strings.EqualFold(dn, name) && dp == port {
			return true
		}
	}
	return false
}

// checkNamed checks the host of a URL that a proxy will connect to. What the name means
// there cannot be seen from here; what it means here can, if anything.
func (c *Client) checkNamed(ctx context.Context, name, port string) error {
	ips := []netip.Addr{}
	if ip, err := netip.ParseAddr(name); err == nil {
		ips = append(ips, ip)
	} else if ips, err = net.DefaultResolver.LookupNetIP(ctx, "ip", name); err != nil {
		return nil
	}
	for _, ip := range ips {
		if err := c.checkForeign(net.JoinHostPort(name, port), ip); err != nil {
			return err
		}
	}
	return nil
}

// meanings returns ip, and the IPv4 addresses that packets to it may end at.
func meanings(ip netip.Addr) []netip.Addr {
	ip = ip.WithZone("").Unmap()
	out := []netip.Addr{ip}
	if !ip.Is6() {
		return out
	}
	b := ip.As16()
	v4 := func(at int) { out = append(out, netip.AddrFrom4([4]byte(b[at:at+4]))) }
	switch {
	case binary.BigEndian.Uint64(b[:]) == 0x0064ff9b<<32 && binary.BigEndian.Uint32(b[8:]) == 0: // NAT64, 64:ff9b::/96
		v4(12)
	case b[0] == 0x20 && b[1] == 0x02: // 6to4, 2002::/16
		v4(2)
	case binary.BigEndian.Uint32(b[:]) == 0x20010000: // Teredo, 2001::/32: the client's address is inverted
		v4(4)
		out = append(out, netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}))
	case binary.BigEndian.Uint64(b[:]) == 0 && binary.BigEndian.Uint32(b[8:]) == 0 && !ip.IsLoopback() && !ip.IsUnspecified():
		v4(12) // IPv4-compatible, ::/96
	case binary.BigEndian.Uint64(b[:]) == 0 && binary.BigEndian.Uint32(b[8:]) == 0xffff0000:
		v4(12) // IPv4-translated, ::ffff:0:0/96
	case binary.BigEndian.Uint32(b[8:])&^0x02000000 == 0x00005efe: // ISATAP
		v4(12)
	}
	return out
}

// metadata reports whether clouds serve instance metadata, and with it credentials, there.
func metadata(a netip.Addr) bool {
	for _, m := range [...]string{
		"169.254.169.254", "169.254.170.2", "169.254.170.23", // most; containers and pods of AWS
		"fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", // AWS, GCP
		"100.100.100.200", "192.0.0.192", "168.63.129.16", // Alibaba, Oracle, Azure
	} {
		if a == netip.MustParseAddr(m) {
			return true
		}
	}
	return false
}

// thisNetwork is 0.0.0.0/8, which many systems take for themselves.
func thisNetwork(a netip.Addr) bool { return a.Is4() && a.As4()[0] == 0 }

func reserved(a netip.Addr) bool {
	for _, p := range [...]string{
		"100.64.0.0/10",   // shared by carriers
		"192.0.0.0/24",    // protocol assignments
		"192.0.2.0/24",    // documentation
		"192.88.99.0/24",  // 6to4 relays
		"198.18.0.0/15",   // benchmarks
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"240.0.0.0/4",     // reserved
		"64:ff9b:1::/48",  // local NAT64
		"100::/64",        // discard
		"2001::/23",       // protocol assignments, Teredo
		"2001:db8::/32",   // documentation
		"3fff::/20",       // documentation
		"5f00::/16",       // segment routing
		"fec0::/10",       // site-local
	} {
		if netip.MustParsePrefix(p).Contains(a) {
			return true
		}
	}
	return false
}
