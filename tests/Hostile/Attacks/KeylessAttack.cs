using System.Diagnostics;
using System.Text;
using Benchmarks.Amplification;
using Hostile.Http;
using Hostile.Machine;
using Hostile.Rain;
using PouringRain.Protocol;

namespace Hostile.Attacks;

/// <summary>A local user without a key at the rain port of a gateway whose HTTP side is under keys: reads, replaces, deletes, joins,
/// fills.</summary>
internal static class KeylessAttack
{
    private const string Key = "5f1c9a7be2034d68-honest";
    private const int DatagramCount = 200_000;
    private const int AddressCount = 50;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes("for those with a key alone");

    public static Attack Attack { get; } = new(
        "keyless", "reads, replaces, deletes and stores over the rain port where HTTP is under keys; 200,000 random and mutated datagrams",
        IsQuick: true, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        var setup = new VictimSetup { Settings = [$"Gateway:Keys={Key}", "Gateway:ProtectReads=true"], Key = Key };
        var victim = stage.Keep(new Victim(setup, stage.Options, stage.PathOf("victim")));
        if (!await victim.TryStartAsync(stage.Cancellation))
        {
            stage.Row("keys and a rain without a secret", "the start is refused", "refused or sealed", !victim.IsAlive);
            return;
        }

        using var owner = new User(victim, key: Key);
        for (var id = 1ul; id <= 3; id++)
        {
            await owner.PutAsync(User.Resource(id), Secret, stage.Cancellation);
        }

        Read(stage, victim);
        await WriteAsync(stage, victim, owner);
        await FloodAsync(stage, victim, owner);
    }

    private static void Read(Stage stage, Victim victim)
    {
        using var peer = new RainPeer(victim, "127.0.0.2");
        var read = false;
        try
        {
            var token = peer.AskForToken(1);
            peer.Subscribe(1, 5, token);
            while (!read && peer.TryReceive(TimeSpan.FromSeconds(1), out var datagram))
            {
                read = DropletMessage.TryParse(datagram, out _, out var symbol) && symbol.StartsWith(Secret);
            }
        }
        catch (InvalidOperationException)
        {
            // It does not even say that there is such a resource.
        }

        stage.Row("SUBSCRIBE without a key", read ? "the bytes came" : "nothing came", "nothing", !read);
    }

    private static async Task WriteAsync(Stage stage, Victim victim, User owner)
    {
        await using var server = new FakeRainServer("127.0.0.2");
        var stamp = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + 1000;
        server[1] = FakeResource.Of([66, 66], stamp);
        server[2] = FakeResource.Tombstone(stamp);
        server[4] = FakeResource.Of([66], stamp);
        using var peer = new RainPeer(victim, "127.0.0.2");
        foreach (var (id, version) in (IEnumerable<(ulong, Sha256Digest)>)
            [(1, FakeResource.Of([66, 66], stamp).Version), (2, FakeResource.Tombstone(stamp).Version),
                (4, FakeResource.Of([66], stamp).Version)])
        {
            peer.Propagate(id, version, stamp, (ushort)server.EndPoint.Port);
        }

        var clock = Stopwatch.StartNew();
        Answer replaced, deleted, stored;
        string servers;
        do
        {
            replaced = await owner.GetAsync(User.Resource(1), stage.Cancellation);
            deleted = await owner.GetAsync(User.Resource(2), stage.Cancellation);
            stored = await owner.SendAsync("GET", User.Resource(4), null, [("Cache-Control", "only-if-cached")], stage.Cancellation);
            servers = Encoding.UTF8.GetString((await owner.GetAsync("/servers", stage.Cancellation)).Body);
            await Task.Delay(100, stage.Cancellation);
        }
        while (clock.Elapsed < Patience);

        stage.Row("PROPAGATE of a newer version", replaced.Is(Secret) ? "the old one is kept" : "replaced", "kept", replaced.Is(Secret));
        stage.Row("PROPAGATE of a deletion", deleted.Is(Secret) ? "it is kept" : $"{deleted.Status}", "kept", deleted.Is(Secret));
        stage.Row("PROPAGATE of a new resource", stored.Status == 200 ? "stored" : "not stored", "not stored", stored.Status != 200);
        var joined = servers.Contains(server.EndPoint.ToString(), StringComparison.Ordinal);
        stage.Row("the sender among /servers", joined ? "joined" : "absent", "absent", !joined);
    }

    private static async Task FloodAsync(Stage stage, Victim victim, User owner)
    {
        await using var watch = Watch.Start(owner, User.Resource(3), stage.Cancellation);
        var clock = Stopwatch.StartNew();
        await Task.Run(() => Flood(victim, stage.Cancellation), stage.Cancellation);
        var rate = DatagramCount / clock.Elapsed.TotalSeconds;
        await watch.StopAsync();
        var after = await owner.GetAsync(User.Resource(3), stage.Cancellation);
        stage.Row(
            "200,000 datagrams, random and mutated", $"{rate:F0}/s, GET {watch.MedianMilliseconds:F1} ms, {watch.FailureCount} failed",
            "alive, no GET fails, bytes unchanged", victim.IsAlive && watch.FailureCount == 0 && after.Is(Secret));
    }

    private static void Flood(Victim victim, CancellationToken cancellation)
    {
        var random = new Random(7);
        var peers = Enumerable.Range(1, AddressCount).Select(i => new RainPeer(victim, $"127.0.1.{i}")).ToArray();
        try
        {
            var datagram = new byte[ForgedDatagrams.BytesMax];
            for (var i = 0u; i < DatagramCount; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var resource = (ulong)random.Next(1, 5);
                var length = random.Next(3) == 0
                    ? CompanyDatagrams.Write(CompanyDatagrams.Kinds[random.Next(CompanyDatagrams.Kinds.Count)], datagram, resource, random)
                    : ForgedDatagrams.Write(
                        ForgedDatagrams.Kinds[random.Next(ForgedDatagrams.Kinds.Count)], datagram, resource, token: 1, random, i);
                for (var flips = random.Next(4); flips > 0; flips--)
                {
                    datagram[random.Next(length)] ^= (byte)(1 << random.Next(8));
                }

                peers[i % AddressCount].Send(datagram.AsSpan(0, random.Next(8) == 0 ? random.Next(1, length + 1) : length));
            }
        }
        finally
        {
            foreach (var peer in peers)
            {
                peer.Dispose();
            }
        }
    }
}
