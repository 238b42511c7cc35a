using PouringRain.Protocol;

namespace Simulation;

// The promises, and nothing of how they are kept.
public sealed partial class Scenario
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(200);
    private readonly List<string> _broken = [];

    /// <summary>The promises that were broken; empty when all is well.</summary>
    public IReadOnlyList<string> Broken => _broken;

    /// <summary>Whether an honest source may be taken for a liar: something was damaged, and no seal tells.</summary>
    private bool MayBeMistaken => _world.Network.HasCorrupted && _secret is null;

    private void Fail(string promise) => _broken.Add(promise);

    /// <summary>What was begun under faults may fail, but not hang: the stall time and the discovery time bound its silence. A small
    /// window over a long path is slow, and no hang.</summary>
    private void CheckEnds()
    {
        var before = -1;
        while (!RunGuarded(() => _clients.TrueForAll(client => client.HasEnded), TimeSpan.FromSeconds(40)))
        {
            var blocks = _clients.Sum(client => client.Blocks.Count);
            if (blocks == before)
            {
                foreach (var client in _clients.Where(client => !client.HasEnded))
                {
                    Fail($"a fetch neither ends nor gives up: {Describe(client)}");
                }

                break;
            }

            before = blocks;
        }

        _clients.ForEach(CheckEnd);
    }

    private void CheckBlock(SimClient client, BlockWork work)
    {
        var manifest = client.Fetch.Manifest!;
        if (!_versions.TryGetValue(manifest.Version, out var content))
        {
            Fail("a manifest that nobody published");
            return;
        }

        var layout = content.Manifest.Layout;
        if (!work.Bytes.Span.SequenceEqual(content.Bytes.AsSpan((int)layout.OffsetOf(work.BlockIndex), layout.BytesOf(work.BlockIndex))))
        {
            Fail($"block {work.BlockIndex} has wrong bytes");
        }

        if ((client.Version ?? client.Told) != manifest.Version || (client.Request.Version is { } wanted && wanted != manifest.Version))
        {
            Fail("versions were mixed");
        }

        client.Version = manifest.Version;
        if (client.Blocks.ContainsKey(work.BlockIndex))
        {
            Fail($"block {work.BlockIndex} came twice");
        }
    }

    private void CheckEnd(SimClient client)
    {
        var reason = client.Fetch.EndReason;
        if (reason == FetchEndReason.Completed)
        {
            CheckWhole(client);
        }

        if (reason == FetchEndReason.NotFound && !_hasLacks && client.Request.Version is null
            && _servers.TrueForAll(server => server.Catalog.Find(Id) is not null))
        {
            Fail("NotFound though every server has the resource");
        }

        if (reason is FetchEndReason.None || (reason == FetchEndReason.Cancelled && !client.WasCancelled)
            || (reason == FetchEndReason.LocalFailure && !client.RefusedToKeep))
        {
            Fail($"an impossible end: {reason}");
        }

        if (MayBeMistaken)
        {
            return;
        }

        var accused = client.Events.Where(fetchEvent => fetchEvent.Kind == FetchEventKind.SourceLied).Select(fetchEvent => fetchEvent.Peer)
            .ToArray();
        foreach (var peer in accused.Where(peer => !_liars.Contains(peer)))
        {
            Fail($"{peer} was called a liar and is none");
        }

        if (reason == FetchEndReason.IntegrityFailure && accused.Length == 0)
        {
            Fail("an integrity failure though nobody lied");
        }

        if (client.WrongBlocks > 0 && _liars.Count == 0)
        {
            Fail($"{client.WrongBlocks} blocks came out wrong though nobody lied: their symbols did not belong together");
        }
    }

    private static void CheckWhole(SimClient client, Action<string> fail)
    {
        var manifest = client.Fetch.Manifest!;
        foreach (var (offset, length) in client.Demands.Prepend((client.Request.DemandOffset, client.Request.DemandLength)))
        {
            if (length <= 0 || offset >= manifest.Layout.Length)
            {
                continue;
            }

            var last = length > manifest.Layout.Length - offset ? manifest.Layout.Length - 1 : offset + length - 1;
            for (var block = manifest.Layout.BlockAt(offset); block <= manifest.Layout.BlockAt(last); block++)
            {
                if (!client.Blocks.ContainsKey(block) && !client.HeldAtStart(block))
                {
                    fail($"completed without block {block}");
                }
            }
        }
    }

    private void CheckWhole(SimClient client) => CheckWhole(client, Fail);

    private void CheckAfterHealing()
    {
        // A small subscriber table may still hold rows whose UNSUBSCRIBE was lost, or which an echo made.
        RunGuarded(TimeSpan.FromSeconds(10));
        var client = StartClient(isFaulty: false);
        RunGuarded(() => client.HasEnded, TimeSpan.FromSeconds(60));
        CheckEnd(client);
        if (client.Fetch.EndReason is FetchEndReason.IntegrityFailure or FetchEndReason.Stalled && client.Told is { } told
            && !IsWhollyHeld(told)
            && !IsWithheld(client, told))
        {
            // Once the owner was told of a version it is this one or none, and only liars hold it, or nobody all of it.
            return;
        }

        if (client.Fetch.EndReason == FetchEndReason.Stalled && client.UnheardWhenTold.Any(IsHonest))
        {
            // Chance may lose every question to a server, or every answer, until the time for that is up.
            return;
        }

        if (client.Fetch.EndReason != FetchEndReason.Completed)
        {
            Fail($"a fetch on the healed network does not complete: {Describe(client)}");
        }
        else if (client.Fetch.Manifest!.Version != _newest.Manifest.Version && !_withheld.Contains(client.Fetch.Manifest.Version)
            && _liars.Count == 0 && !HasUnheardSource(client))
        {
            Fail("the newest version on offer did not win");
        }
    }

    private bool IsHonest(PeerAddress server) => !_liars.Contains(server) && !_withholders.Contains(server);

    /// <summary>Whether somebody withheld a version. One who sent as much as it takes did not,
    /// though chance may make the code want more.</summary>
    private bool IsWithheld(SimClient client, Sha256Digest version) =>
        _withheld.Contains(version)
        && client.Fetch.Snapshot(client.LocalNow) is var figures && figures.DropletsReceived < figures.SymbolsNeeded;

    /// <summary>Whether the living servers that do not lie hold all blocks of a version together.</summary>
    private bool IsWhollyHeld(Sha256Digest version)
    {
        var holders = _servers.Where(server => server.IsUp && !_liars.Contains(server.Address) && !_withholders.Contains(server.Address))
            .SelectMany(server => server.Catalog.All(Id)).OfType<SimContent>().Where(content => content.Manifest.Version == version)
            .ToArray();
        return holders.Length > 0
            && Enumerable.Range(0, _versions[version].Manifest.Layout.BlockCount)
                .All(block => holders.Any(holder => holder.HasBlock(block)));
    }

    /// <summary>A server that was late or not heard may leave an older version to win.</summary>
    private bool HasUnheardSource(SimClient client) =>
        _world.Network.DefaultFaults is not { LossPerMillion: 0, Jitter.Ticks: 0, ReorderPerMillion: 0 } || _hasPartial
        || _servers.Exists(server => server.Catalog.Find(Id) is null)
        || client.Fetch.Snapshot(client.LocalNow).Sources.Any(source => source.State == SourceState.Asked);

    private void CheckSoftState()
    {
        // The lifetime begins with the last SUBSCRIBE that comes, which may be an echo.
        RunGuarded(TimeSpan.FromSeconds(10));
        foreach (var server in _servers.Where(server => server.IsUp))
        {
            server.Pump(_world.Now);
            if (server.Rain.SnapshotSubscribers(server.LocalNow).Length > 0)
            {
                Fail("a subscription outlives its lifetime");
            }
        }
    }

    /// <summary>What is bounded is looked at again and again.</summary>
    private void WatchBounds() => _world.After(WatchInterval, () =>
    {
        foreach (var server in _servers
            .Where(server => server.Rain.SnapshotSubscribers(server.LocalNow).Length > server.SubscriberCountMax))
        {
            Fail($"{server.Address} has more subscribers than it may");
        }

        foreach (var client in _clients.Where(client => !client.HasEnded && client.Told is not null && client.Held is null))
        {
            CheckWindow(client);
        }

        if (_clients.Count == 0 || !_clients.TrueForAll(client => client.HasEnded) || _world.Now < FaultsEnd)
        {
            WatchBounds();
        }
    });

    /// <summary>Blocks in work are bounded, whether the reader reads or not.</summary>
    private void CheckWindow(SimClient client)
    {
        var manifest = client.Fetch.Manifest!;
        var layout = client.Fetch.SymbolSize == manifest.Layout.SymbolSize ? manifest.Layout : manifest.SmallLayout;
        var manifestSymbols = (manifest.Bytes.Length + layout.SymbolSize - 1) / layout.SymbolSize;
        var inWork = client.Fetch.Snapshot(client.LocalNow).SymbolsNeeded - manifestSymbols - client.Blocks.Keys.Sum(layout.SymbolsOf);
        if (inWork > Math.Max(2, client.Options.WindowBytesMax / layout.BlockBytes) * layout.SymbolsOfLargest)
        {
            Fail($"{inWork} symbols in work are more than the window: {Describe(client)}");
        }
    }
}
