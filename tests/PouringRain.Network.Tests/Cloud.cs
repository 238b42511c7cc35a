using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace PouringRain.Network.Tests;

/// <summary>Listeners on this machine that rain one catalog.</summary>
internal sealed class Cloud : IAsyncDisposable
{
    public Cloud(
        int count, ResourceId id, byte[] bytes, DatagramFaults? faults =
            null, RainServerOptions? options = null, string listen = "127.0.0.1:0",
        SealSettings? seal = null, ILogger? logger = null, int loopCount = 1)
    {
        Catalog.Add(id, bytes);
        options ??= new RainServerOptions { TokenKey = RandomNumberGenerator.GetBytes(32) };
        for (var i = 0; i < count; i++)
        {
            var listenerFaults = faults is null ? null : faults with { Seed = faults.Seed + (ulong)i };
            var listener = new RainListener(
                IPEndPoint.Parse(listen), options, Catalog, _ => { }, listenerFaults, logger: logger, seal: seal, loopCount: loopCount);
            Listeners.Add(listener);
            var address = listener.LocalEndPoint.Address;
            Servers.Add(PeerAddress.From(new IPEndPoint(
                address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? IPAddress.Loopback : address,
                listener.LocalEndPoint.Port)));
        }
    }

    public MemoryCatalog Catalog { get; } = new();

    public List<RainListener> Listeners { get; } = [];

    public List<PeerAddress> Servers { get; } = [];

    public FetchRequest Request(ResourceId id) => new() { Resource = id, Servers = Servers };

    public async ValueTask DisposeAsync()
    {
        foreach (var listener in Listeners)
        {
            await listener.DisposeAsync();
        }
    }
}
