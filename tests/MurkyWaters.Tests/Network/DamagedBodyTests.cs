using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Network;

/// <summary>
/// A body that went bad on the disk, whatever is asked of its node then: the right bytes where another node has them, a miss where none
/// has, and wrong bytes never. Where it can be it is mended, and it is set aside.
/// </summary>
public sealed class DamagedBodyTests
{
    /// <summary>Node 0 has the damaged bodies, node 1 the same ones where another has them, node 2 nothing.</summary>
    private const int Damaged = 0, Other = 1, Fresh = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>What befalls a body. The row is that of a small one, which has no file.</summary>
    public enum Damage
    {
        FirstBlock,
        LastBlock,
        Cut,
        Emptied,
        Removed,
        Row,
    }

    private enum Act
    {
        Get = 1,
        Range,
        Forced,
        Put,
        Rain,
    }

    public static TheoryData<Damage, bool, bool> Cases
    {
        get
        {
            var cases = new TheoryData<Damage, bool, bool>();
            foreach (var damage in Enum.GetValues<Damage>())
            {
                cases.Add(damage, false, false);
                cases.Add(damage, false, true);
                cases.Add(damage, true, false);
                cases.Add(damage, true, true);
            }

            return cases;
        }
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_damaged_body_gives_the_right_bytes_or_a_miss(Damage damage, bool isBeforeRestart, bool isElsewhere)
    {
        // What nobody has is given up soon; what somebody has may come late, after a server that was asked for it and has it no more.
        var stall = TimeSpan.FromSeconds(isElsewhere ? 5 : 0.5);
        await using var cloud = await NodeCloud.StartAsync(3, (_, options) => options with
        {
            Fetch = new FetchOptions { DiscoveryTimeout = TimeSpan.FromSeconds(1), StallTimeout = stall },
        });
        foreach (var act in Enum.GetValues<Act>())
        {
            await cloud.PutAsync(Damaged, (ulong)act, BytesOf(act, damage));
        }

        foreach (var act in Enum.GetValues<Act>())
        {
            // Told of by both, so that nobody is told again.
            Assert.Equal(3, await cloud[Damaged].PropagateAsync(new ResourceId((ulong)act), 3, Patience, Cancellation));
        }

        await EmptyAsync(cloud, isElsewhere ? [Fresh] : [Fresh, Other]);

        if (isBeforeRestart)
        {
            await cloud.StopAsync(Damaged);
        }

        foreach (var act in Enum.GetValues<Act>())
        {
            Spoil(cloud.PathOf(Damaged), act, damage);
        }

        if (isBeforeRestart)
        {
            await cloud.StartAsync(Damaged);
        }

        // What a running node has read of a small body stays right.
        var isHere = damage == Damage.Row && !isBeforeRestart;
        var mayBeHad = isElsewhere || isHere;
        Assert.NotNull(cloud[Damaged].List(new ResourceQuery { Limit = 100 }));

        Check(await TryGetAsync(cloud, Damaged, Act.Get, damage), BytesOf(Act.Get, damage), mayBeHad);
        Check(await TryGetAsync(cloud, Damaged, Act.Get, damage), BytesOf(Act.Get, damage), mayBeHad);

        var bytes = BytesOf(Act.Range, damage);
        foreach (var offset in (int[])[bytes.Length - 700, 10])
        {
            var range = await TryGetAsync(cloud, Damaged, Act.Range, damage, offset: offset, count: 500);

            // A node that came back with nothing may ask for all of it at any time: the damage shows then, and what was right goes aside
            // too.
            bool? isRight = damage == Damage.FirstBlock && offset > 10 ? IsAside(cloud, Act.Range) ? null : true : false;
            Check(range, bytes[offset..(offset + 500)], mayBeHad ? true : isRight);
        }

        // While the node runs its own rain may have a file open that has gone, and blocks in memory.
        bool? mayRain = mayBeHad ? true : isBeforeRestart ? false : null;
        var forced = await TryGetAsync(cloud, Damaged, Act.Forced, damage, OpenSource.RainOnly);
        Check(forced, BytesOf(Act.Forced, damage), mayRain);

        Assert.Equal(
            BytesOf(Act.Put, damage).Length,
            (await cloud.PutAsync(Damaged, (ulong)Act.Put, BytesOf(Act.Put, damage))).Manifest.Layout.Length);
        Check(await TryGetAsync(cloud, Damaged, Act.Put, damage, OpenSource.LocalOnly), BytesOf(Act.Put, damage), isExpected: true);

        Check(await TryGetAsync(cloud, Fresh, Act.Rain, damage), BytesOf(Act.Rain, damage), mayRain);
        if (!isHere)
        {
            await RainUntilSetAsideAsync(cloud, damage);
        }

        if (mayBeHad)
        {
            // Mended: here, right, and kept as it was. The rain is asked for what nobody has read, too.
            foreach (var act in (Act[])[Act.Get, Act.Range, Act.Forced, Act.Put])
            {
                await UntilAsync(() => cloud[Damaged].Find(new ResourceId((ulong)act)) is { Retention: Retention.Kept });
                Check(await TryGetAsync(cloud, Damaged, act, damage, OpenSource.LocalOnly), BytesOf(act, damage), isExpected: true);
            }
        }

        // What is right now is so on the disk.
        await cloud.StopAsync(Damaged);
        if (!isHere)
        {
            Assert.NotEmpty(Directory.GetFiles(Path.Combine(cloud.PathOf(Damaged), "quarantine")));
        }

        await cloud.StartAsync(Damaged);
        Assert.NotNull(cloud[Damaged].List(new ResourceQuery { Limit = 100 }));
        Check(await TryGetAsync(cloud, Damaged, Act.Put, damage, OpenSource.LocalOnly), BytesOf(Act.Put, damage), isExpected: true);
        foreach (var act in (Act[])[Act.Get, Act.Range, Act.Forced])
        {
            // A row that nobody has read since it was changed is still bad, but for the one that was asked of the rain.
            Check(
                await TryGetAsync(cloud, Damaged, act, damage, OpenSource.LocalOnly), BytesOf(act, damage),
                act == Act.Forced ? forced is not null : isElsewhere && !isHere);
        }
    }

    /// <summary>Asks for rain until the node notices that it has the wrong bytes.</summary>
    private static async Task RainUntilSetAsideAsync(NodeCloud cloud, Damage damage)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!IsAside(cloud, Act.Rain))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < Patience, "The rain does not notice.");
            Check(await TryGetAsync(cloud, Fresh, Act.Rain, damage, OpenSource.RainOnly), BytesOf(Act.Rain, damage), isExpected: null);
        }

        Assert.True(cloud[Damaged].Figures.StoreQuarantined > 0);
    }

    private static bool IsAside(NodeCloud cloud, Act act) =>
        Directory.GetFiles(Path.Combine(cloud.PathOf(Damaged), "quarantine"), $"{(ulong)act}-*.manifest").Length > 0;

    /// <summary>A file's length says whose it is: no two are of the same.</summary>
    private static byte[] BytesOf(Act act, Damage damage) => Bytes.Random((damage == Damage.Row ? 5000 : 300_000) + (int)act, (int)act);

    private static async Task EmptyAsync(NodeCloud cloud, int[] nodes)
    {
        foreach (var node in nodes)
        {
            await cloud.StopAsync(node);
            Directory.Delete(cloud.PathOf(node), recursive: true);
        }

        foreach (var node in nodes)
        {
            await cloud.StartAsync(node);
        }
    }

    private static void Spoil(string store, Act act, Damage damage)
    {
        var bytes = BytesOf(act, damage);
        if (damage == Damage.Row)
        {
            bytes[1234] ^= 4;
            using var catalog = CatalogConnection.Open(Path.Combine(store, CatalogSchema.FileName), isWriter: true);
            catalog.Prepare("UPDATE resources SET body = $1 WHERE id = $2").Run(bytes, (long)act);
            return;
        }

        var path = Assert.Single(Directory.GetFiles(Path.Combine(store, "blobs")), path => new FileInfo(path).Length == bytes.Length);
        if (damage == Damage.Removed)
        {
            File.Delete(path);
            return;
        }

        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        switch (damage)
        {
            case Damage.FirstBlock:
                RandomAccess.Write(file, [(byte)(bytes[200] ^ 1)], 200);
                break;
            case Damage.LastBlock:
                RandomAccess.Write(file, [(byte)(bytes[^400] ^ 128)], bytes.Length - 400);
                break;
            case Damage.Cut:
                RandomAccess.SetLength(file, bytes.Length - 1000);
                break;
            default:
                RandomAccess.SetLength(file, 0);
                break;
        }
    }

    /// <summary>The bytes, or null for a miss, also one that shows when the first of them were read: those have to be right.</summary>
    private static async Task<byte[]?> TryGetAsync(
        NodeCloud cloud, int node, Act act, Damage damage, OpenSource source = OpenSource.Any, int offset = 0, int? count = null)
    {
        var expected = BytesOf(act, damage).AsMemory(offset, count ?? BytesOf(act, damage).Length);
        var options = new OpenOptions { Source = source, DemandOffset = offset, DemandLength = count ?? long.MaxValue };
        var result = await cloud[node].OpenAsync(new ResourceId((ulong)act), options, Cancellation);
        if (result.Status != OpenStatus.Found)
        {
            Assert.Null(result.Reader);
            return null;
        }

        await using var reader = result.Reader!;
        var bytes = new byte[expected.Length];
        for (var read = 0; read < bytes.Length;)
        {
            try
            {
                var more = await reader.ReadAsync(offset + read, bytes.AsMemory(read), Cancellation);
                Assert.NotEqual(0, more);
                Assert.Equal(expected.Slice(read, more).ToArray(), bytes.AsSpan(read, more).ToArray());
                read += more;
            }
            catch (FetchFailedException)
            {
                return null;
            }
        }

        return bytes;
    }

    private static void Check(byte[]? actual, byte[] expected, bool? isExpected)
    {
        if (isExpected is { } must)
        {
            Assert.Equal(must, actual is not null);
        }

        if (actual is not null)
        {
            Assert.Equal(expected, actual);
        }
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, "It does not come.");
            await Task.Delay(5, Cancellation);
        }
    }
}
