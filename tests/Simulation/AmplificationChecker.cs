using PouringRain.Protocol;

namespace Simulation;

/// <summary>Holds servers to their promise: to an address that never showed a token no more bytes are sent than came from it.</summary>
public sealed class AmplificationChecker
{
    private readonly HashSet<PeerAddress> _watched = [];
    private readonly Dictionary<(PeerAddress Server, PeerAddress Victim), long> _balance = [];

    public AmplificationChecker(SimNetwork network)
    {
        network.OnDelivered = (from, to, bytes) =>
        {
            if (_watched.Contains(from))
            {
                _balance[(to, from)] = _balance.GetValueOrDefault((to, from)) + bytes.Length;
            }
        };
        network.OnSent = (from, to, bytes) =>
        {
            if (_watched.Contains(to))
            {
                var left = _balance.GetValueOrDefault((from, to)) - bytes.Length;
                _balance[(from, to)] = left;
                if (left < 0 && Broken.Count < 5)
                {
                    Broken.Add($"{from} amplifies towards {to}");
                }
            }
        };
    }

    public List<string> Broken { get; } = [];

    /// <summary>Watches an address that never answers anything.</summary>
    public void Watch(PeerAddress address) => _watched.Add(address);
}
