using Simulation;

namespace PouringRain.Protocol.Tests;

/// <summary>A small world for scripts: some servers that hold one resource, clients that fetch it.</summary>
internal sealed class Scene
{
    public static readonly ResourceId Id = new(42);
    private readonly List<SimServer> _servers = [];
    private const ushort TokensPort = 4999;
    private ushort _nextPort = 5000;

    public Scene(ulong seed = 1) => World = new SimWorld(seed);

    public SimWorld World { get; }

    public IReadOnlyList<SimServer> Servers => _servers;

    public static byte[] RandomBytes(int count, ulong seed = 7)
    {
        var bytes = new byte[count];
        new SimRandom(seed).Fill(bytes);
        return bytes;
    }

    public SimServer AddServer(SimContent? content = null, long rateMax = 0, long uplink = 0, int subscribers = 10_000)
    {
        var options = new RainServerOptions
        {
            TokenKey = new byte[32],
            Ceiling = RainCeiling.Of(rateMax),
            SubscriberCountMax = subscribers,
            Node = new NodeId(5),
        };
        var server = new SimServer(World, PeerAddress.FromIPv4(0x0A00_0001 + (uint)_servers.Count, 1980), options);
        server.Uplink.RateBytesPerSecond = uplink;
        if (content is not null)
        {
            server.Catalog.Add(Id, content.Copy());
        }

        _servers.Add(server);
        return server;
    }

    public SimClient Fetch(
        long offset = 0, long length = long.MaxValue, FetchOptions? options = null, TokenCache? tokens = null, Sha256Digest? version = null)
    {
        var request = new FetchRequest
        {
            Resource = Id,
            Servers = [.. _servers.Select(server => server.Address)],
            DemandOffset = offset,
            DemandLength = length,
            Version = version,
        };

        // Fetches that share tokens are those of one socket.
        var port = tokens is null ? _nextPort++ : TokensPort;
        return new SimClient(World, PeerAddress.FromIPv4(0xC0A8_0001, port), request, options, tokens);
    }

    public void RunToEnd(SimClient client, double limitSeconds = 60) =>
        Assert.True(
            World.RunUntil(() => client.HasEnded, TimeSpan.FromSeconds(limitSeconds)),
            $"still running after {limitSeconds} s: {Describe(client)}");

    public static string Describe(SimClient client)
    {
        var snapshot = client.Fetch.Snapshot(client.World.Now);
        var sources = string.Join("; ", snapshot.Sources.Select(s =>
            $"{s.Peer} {s.State} droplets {s.Droplets} lost {s.Lost} rtt {s.RoundTrip.TotalMilliseconds:F1} ms "
            + $"rate {s.RateBytesPerSecond}"));
        return $"{client.Fetch.EndReason}, {snapshot.VerifiedBlocks} blocks, needed {snapshot.SymbolsNeeded}, received "
            + $"{snapshot.DropletsReceived}, {sources}";
    }

    /// <summary>A fetch that must come out right; returns droplets received / symbols needed.</summary>
    public double RunToCompletion(SimClient client, SimContent content, double limitSeconds = 60)
    {
        RunToEnd(client, limitSeconds);
        Assert.True(client.Fetch.EndReason == FetchEndReason.Completed, Describe(client));
        Assert.Equal(content.Bytes, client.Assemble());
        var snapshot = client.Fetch.Snapshot(World.Now);
        return (double)snapshot.DropletsReceived / snapshot.SymbolsNeeded;
    }
}
