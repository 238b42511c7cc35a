using PouringRain.Protocol;

namespace Simulation;

/// <summary>Holds servers to their promise: to an address that never showed a token no more bytes are sent than came from it, and to one
/// that showed one and never that it hears, no more than a first flight beyond that.</summary>
public sealed class AmplificationChecker
{
    /// <summary>To a mute address, on the wire.</summary>
    private const int FirstFlightBytesMax = 64 * 1024;

    private readonly IReadOnlyList<SimServer> _servers;
    private readonly Dictionary<PeerAddress, long> _allowances = [];
    private readonly Dictionary<(PeerAddress Server, int Start, PeerAddress Watched), long> _balance = [];

    public AmplificationChecker(SimNetwork network, IReadOnlyList<SimServer> servers)
    {
        _servers = servers;
        network.OnDelivered = (from, to, bytes) =>
        {
            if (_allowances.ContainsKey(from))
            {
                Add(to, from, bytes.Length + SimNetwork.HeaderBytes);
            }
        };
        network.OnSent = (from, to, bytes) =>
        {
            if (_allowances.ContainsKey(to) && Add(from, to, -(bytes.Length + SimNetwork.HeaderBytes)) < 0 && Broken.Count < 5)
            {
                Broken.Add($"{from} amplifies towards {to}");
            }
        };
    }

    public List<string> Broken { get; } = [];

    /// <summary>Watches an address that never answers anything.</summary>
    public void Watch(PeerAddress address) => _allowances[address] = 0;

    /// <summary>Watches an address that gets itself a token and then gives no feedback.</summary>
    public void WatchMute(PeerAddress address) => _allowances[address] = FirstFlightBytesMax;

    /// <summary>A server that was started again knows nothing of the first flights before.</summary>
    private long Add(PeerAddress server, PeerAddress watched, int bytes)
    {
        var allowance = _allowances[watched];
        var start = allowance == 0 ? 0 : _servers.FirstOrDefault(each => each.Address == server)?.Starts ?? 0;
        var key = (server, start, watched);
        return _balance[key] = _balance.GetValueOrDefault(key, allowance) + bytes;
    }
}
