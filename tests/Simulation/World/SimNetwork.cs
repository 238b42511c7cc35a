using PouringRain.Protocol;

namespace Simulation;

/// <summary>The virtual network: every host has an uplink and a downlink, every pair of hosts a path with its faults each way.</summary>
public sealed class SimNetwork
{
    /// <summary>IPv4 and UDP headers, which rates include.</summary>
    public const int HeaderBytes = 28;

    private readonly SimRandom _random;
    private readonly PriorityQueue<Flight, (long Time, long Order)> _flights = new();
    private readonly Dictionary<PeerAddress, SimHost> _hosts = [];
    private readonly Dictionary<(PeerAddress From, PeerAddress To), LinkFaults> _faults = [];
    private readonly HashSet<(PeerAddress From, PeerAddress To)> _inBurst = [];
    private readonly Dictionary<PeerAddress, List<SimHost>> _groups = [];
    private readonly HashSet<PeerAddress> _cut = [];
    private readonly HashSet<(PeerAddress From, PeerAddress To)> _cutWays = [];
    private readonly Dictionary<(PeerAddress From, PeerAddress To), int> _largest = [];
    private long _order;

    public SimNetwork(SimRandom random) => _random = random;

    public LinkFaults DefaultFaults { get; set; } = new();

    /// <summary>Whether a datagram was damaged.</summary>
    public bool HasCorrupted { get; private set; }

    /// <summary>Datagrams that may still be damaged in a way that UDP's checksum does not see.</summary>
    public int CorruptionsLeft { get; set; }

    public Instant NextEvent => _flights.TryPeek(out _, out var key) ? new Instant(key.Time) : Instant.Never;

    /// <summary>Sees every datagram that a host sends (from, to, bytes).</summary>
    public Action<PeerAddress, PeerAddress, ReadOnlyMemory<byte>>? OnSent { get; set; }

    /// <summary>Sees every datagram that reaches a host.</summary>
    public Action<PeerAddress, PeerAddress, ReadOnlyMemory<byte>>? OnDelivered { get; set; }

    public void Add(SimHost host) => _hosts[host.Address] = host;

    /// <summary>What is sent to a group comes to all who have joined it: once through the sender's uplink, and then over each one's path,
    /// with that path's faults.</summary>
    public void Join(PeerAddress group, SimHost host)
    {
        if (!_groups.TryGetValue(group, out var members))
        {
            _groups[group] = members = [];
        }

        members.Add(host);
    }

    public IReadOnlyList<PeerAddress> MembersOf(PeerAddress group) =>
        [.. (_groups.GetValueOrDefault(group) ?? []).Select(static member => member.Address)];

    public void Leave(PeerAddress group, SimHost host) => _groups.GetValueOrDefault(group)?.Remove(host);

    public void SetFaults(PeerAddress from, PeerAddress to, LinkFaults faults) => _faults[(from, to)] = faults;

    /// <summary>From now on a path is an MTU black hole: it loses datagrams of more than these bytes of IP packet. Healing does not change
    /// it: it is how the network is built.</summary>
    public void SetMtu(PeerAddress from, PeerAddress to, int bytes) => _largest[(from, to)] = bytes - HeaderBytes;

    /// <summary>All paths are as <see cref="DefaultFaults"/> says again, and nobody is cut off.</summary>
    public void Heal()
    {
        _faults.Clear();
        _cut.Clear();
        _cutWays.Clear();
    }

    /// <summary>Cuts one way of a path, or lets it be again.</summary>
    public void SetCut(PeerAddress from, PeerAddress to, bool isCut)
    {
        if (isCut)
        {
            _cutWays.Add((from, to));
        }
        else
        {
            _cutWays.Remove((from, to));
        }
    }

    /// <summary>Cuts a host off, or lets it back.</summary>
    public void SetCut(PeerAddress host, bool isCut)
    {
        if (isCut)
        {
            _cut.Add(host);
        }
        else
        {
            _cut.Remove(host);
        }
    }

    public void Send(Instant now, PeerAddress from, PeerAddress to, ReadOnlySpan<byte> datagram)
    {
        var bytes = datagram.ToArray();
        OnSent?.Invoke(from, to, bytes);
        if (_groups.TryGetValue(to, out var members))
        {
            SendToGroup(now, from, members, bytes);
            return;
        }

        if (!_hosts.TryGetValue(from, out var sender) || !_hosts.ContainsKey(to)
            || _cut.Contains(from) || _cut.Contains(to) || _cutWays.Contains((from, to))
            || !sender.Uplink.TryPass(now, bytes.Length + HeaderBytes, out var through)
            || (_largest.TryGetValue((from, to), out var largest) && bytes.Length > largest))
        {
            return;
        }

        Fly(from, to, bytes, through);
    }

    /// <summary>What somebody who listens sends in another's name arrives as it is.</summary>
    public void Inject(Instant now, PeerAddress from, PeerAddress to, byte[] datagram)
    {
        if (_hosts.ContainsKey(to))
        {
            Push(now + DefaultFaults.Delay, new Flight(from, to, datagram, IsThroughDownlink: false));
        }
    }

    private void SendToGroup(Instant now, PeerAddress from, List<SimHost> members, byte[] bytes)
    {
        if (!_hosts.TryGetValue(from, out var sender) || _cut.Contains(from)
            || !sender.Uplink.TryPass(now, bytes.Length + HeaderBytes, out var through))
        {
            return;
        }

        foreach (var member in members)
        {
            var to = member.Address;
            if (to != from && !_cut.Contains(to) && !_cutWays.Contains((from, to))
                && !(_largest.TryGetValue((from, to), out var largest) && bytes.Length > largest))
            {
                Fly(from, to, bytes, through, isOfGroup: true);
            }
        }
    }

    private void Fly(PeerAddress from, PeerAddress to, byte[] bytes, Instant through, bool isOfGroup = false)
    {
        var faults = _faults.GetValueOrDefault((from, to), DefaultFaults);
        if (IsLost(faults, (from, to)))
        {
            return;
        }

        var copies = _random.Chance(faults.DuplicatePerMillion) ? 2 : 1;
        var echoes = _random.Chance(faults.EchoPerMillion) ? 1 : 0;
        for (var i = 0; i < copies + echoes; i++)
        {
            var delay = faults.Delay;
            if (i >= copies)
            {
                delay += TimeSpan.FromTicks(_random.Below(faults.EchoBy.Ticks + 1));
            }

            if (faults.Jitter > TimeSpan.Zero)
            {
                delay += TimeSpan.FromTicks(_random.Below(faults.Jitter.Ticks + 1));
            }

            if (_random.Chance(faults.ReorderPerMillion))
            {
                delay += TimeSpan.FromTicks(_random.Below(faults.ReorderBy.Ticks + 1));
            }

            var flying = bytes;
            if (CorruptionsLeft > 0 && bytes.Length > 0 && _random.Chance(faults.CorruptPerMillion))
            {
                CorruptionsLeft -= CorruptionsLeft == int.MaxValue ? 0 : 1;
                HasCorrupted = true;
                flying = (byte[])bytes.Clone();
                flying[_random.Below(flying.Length)] ^= (byte)(1 << (int)_random.Below(8));
            }

            Push(through + delay, new Flight(from, to, flying, IsThroughDownlink: false, isOfGroup));
        }
    }

    /// <summary>Takes the next event; delivers if it is one.</summary>
    /// <returns>The host that got something, or <see langword="null"/>.</returns>
    public SimHost? Step()
    {
        var flight = _flights.Dequeue();
        var host = _hosts[flight.To];
        var now = host.World.Now;
        if (_cut.Contains(flight.To))
        {
            return null;
        }

        if (!flight.IsThroughDownlink)
        {
            var pipe = flight.IsOfGroup ? host.GroupDownlink ?? host.Downlink : host.Downlink;
            if (!pipe.TryPass(now, flight.Bytes.Length + HeaderBytes, out var through))
            {
                return null;
            }

            if (through > now)
            {
                Push(through, flight with { IsThroughDownlink = true });
                return null;
            }
        }

        OnDelivered?.Invoke(flight.From, flight.To, flight.Bytes);
        host.Deliver(now, flight.From, flight.Bytes);
        return host;
    }

    private bool IsLost(LinkFaults faults, (PeerAddress, PeerAddress) pair)
    {
        if (faults.BurstPerMillion > 0)
        {
            if (_inBurst.Contains(pair))
            {
                if (_random.Chance(250_000))
                {
                    _inBurst.Remove(pair);
                }

                return true;
            }

            if (_random.Chance(faults.BurstPerMillion))
            {
                _inBurst.Add(pair);
                return true;
            }
        }

        return _random.Chance(faults.LossPerMillion);
    }

    private void Push(Instant at, Flight flight) => _flights.Enqueue(flight, (at.Nanoseconds, _order++));

    private sealed record Flight(PeerAddress From, PeerAddress To, byte[] Bytes, bool IsThroughDownlink, bool IsOfGroup = false);
}
