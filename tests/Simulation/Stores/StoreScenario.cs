using MurkyWaters;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace Simulation.Stores;

/// <summary>
/// Nodes with real stores on a virtual network, drawn from a seed: resources are put, replaced and deleted at one, fetched by others block
/// by block, and sealed into their stores; and processes are killed and machines stopped, at any time and before any step that a store
/// makes on its disk. After every start what was answered as stored is there, or something newer, whole; what was said to be held of a
/// fetch is held, as long as the machine runs; and nothing else lies about.
/// </summary>
public sealed class StoreScenario : IDisposable
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(6);
    private static readonly ResourceId[] Ids = [new(1), new(2), new(3)];

    private readonly SimRandom _random;
    private readonly SimWorld _world;
    private readonly string _folder;
    private readonly List<Node> _nodes = [];
    private readonly Dictionary<Sha256Digest, byte[]> _contents = [];
    private uint _readerAddress = 0x0A01_0001;
    private int _sealed;

    /// <summary>Draws one.</summary>
    /// <param name="seed">From this.</param>
    /// <param name="skipsFlushes">Whether the stores wait for the disk only when SQLite does, so that what was promised is seen to be
    /// broken.</param>
    public StoreScenario(ulong seed, bool skipsFlushes = false)
    {
        _random = new SimRandom(seed ^ 0x5354_4F52);
        _world = new SimWorld(_random.Next());
        _folder = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"murky-{Guid.NewGuid():n}");
        for (var i = 0; i < _random.Between(2, 4); i++)
        {
            var server = new SimServer(_world, PeerAddress.FromIPv4(0x0A00_0001 + (uint)i, 1980));
            _nodes.Add(new Node(server, new SimStore(Path.Combine(_folder, $"{i}"), _random, skipsFlushes)));
        }

        _world.Network.DefaultFaults = new LinkFaults
        {
            Delay = TimeSpan.FromMilliseconds(_random.Pick(1, 20)),
            LossPerMillion = _random.Pick(0, 10_000, 100_000),
        };
    }

    /// <summary>A line about what was drawn and what came of it.</summary>
    public string Description => $"{_nodes.Count} nodes, {_contents.Count} versions, {_sealed} fetched and sealed, {StopCount} stops";

    /// <summary>Promises that were broken.</summary>
    public IList<string> Broken { get; } = [];

    /// <summary>How often a process or machine was stopped.</summary>
    public int StopCount { get; private set; }

    public void Run()
    {
        for (var n = _random.Between(10, 30); n > 0; n--)
        {
            var node = _nodes[(int)_random.Below(_nodes.Count)];
            var id = Ids[_random.Below(Ids.Length)];
            var move = _random.Pick<Action<Node, ResourceId>>(Put, Put, Delete, Fetch, Fetch, Fetch, StopInAWhile, StopInAWhile);
            _world.After(TimeSpan.FromMilliseconds(_random.Below(5000)), () => Do(node, id, move));
        }

        _world.Run(Duration);
        foreach (var node in _nodes.Where(node => node.IsUp))
        {
            Stop(node);
            Start(node);
        }
    }

    public void Dispose()
    {
        foreach (var node in _nodes)
        {
            node.Reader?.Client.Dispose();
            node.Server.Dispose();
            node.Store.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Does something at a node, unless it is down; the node may be stopped by it.</summary>
    private void Do(Node node, ResourceId id, Action<Node, ResourceId> move)
    {
        if (!node.IsUp || Broken.Count > 0)
        {
            return;
        }

        try
        {
            move(node, id);
        }
        catch (StoreException) when (node.Store.IsStopped)
        {
            // Nobody is there any more to be told.
        }

        if (node.Store.IsStopped)
        {
            Stop(node);
            _world.After(TimeSpan.FromMilliseconds(_random.Between(1, 1000)), () => Start(node));
        }
    }

    private void Put(Node node, ResourceId id)
    {
        var bytes = new byte[_random.Pick(0, 600, 2048, 5000, 20_000)];
        _random.Fill(bytes);
        _contents[Sha256Digest.Of(bytes)] = bytes;
        var options = new UploadOptions { Id = id, ContentType = "text/plain" };
        var upload = new StoreUpload(node.Store.Store, options, node.Store.Options);
        try
        {
            upload.WriteAsync(bytes, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            var manifest = upload.CommitAsync(CancellationToken.None).GetAwaiter().GetResult().Resource!.Manifest;
            node.Store.Answer(id, manifest);
            Show(node, id, manifest, bytes);
        }
        finally
        {
            upload.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private void Delete(Node node, ResourceId id)
    {
        var store = node.Store.Store;
        if (store.FindEntry(id) is { IsTombstone: false } entry)
        {
            var tombstone = Manifest.CreateTombstone("lt", store.NextStamp(entry.Resource.Manifest));
            store.CommitTombstone(id, tombstone);
            node.Store.Answer(id, tombstone);
            Show(node, id, tombstone, []);
        }
    }

    private void StopInAWhile(Node node, ResourceId id)
    {
        if (_random.Chance(700_000))
        {
            node.Store.StopIn(_random.Between(1, 60));
        }
        else
        {
            node.Store.Stop();
        }
    }

    private void Fetch(Node node, ResourceId id)
    {
        if (node.Reader is not null)
        {
            return;
        }

        var others = _nodes.Where(other => other != node).Select(other => other.Server.Address).ToArray();
        BlocksLease? lease = null;
        var client = new SimClient(
            _world, PeerAddress.FromIPv4(_readerAddress++, 1980), new FetchRequest { Resource = id, Servers = others },
            new FetchOptions { WindowBytesMax = 8192 })
        {
            FindHeld = manifest =>
            {
                if (manifest.IsDeleted)
                {
                    return [];
                }

                lease = node.Store.Store.LeaseForFetch(id, manifest, mustRain: true);
                node.Reader = node.Reader! with { Lease = lease };
                (lease.Blocks as PartialBlob)?.Prepare();
                return lease.Blocks.CopyHeld();
            },
            Keep = work =>
            {
                var isKept = false;
                Do(node, id, (_, _) =>
                {
                    lease!.Blocks.Write(work.BlockIndex, work.Bytes.Span);
                    isKept = true;
                    if (lease.Blocks is PartialBlob)
                    {
                        node.Store.Hold(id, lease.Blocks.Manifest.Version, work.BlockIndex);
                    }
                });
                return isKept;
            },
        };
        node.Reader = new Reader(client, id, null);
        client.Pump(_world.Now);
        _world.After(TimeSpan.FromMilliseconds(10), () => Watch(node, client));
    }

    /// <summary>Waits for a fetch's end.</summary>
    private void Watch(Node node, SimClient client)
    {
        if (node.Reader is not { } reader || reader.Client != client)
        {
            return;
        }

        if (!client.HasEnded)
        {
            _world.After(TimeSpan.FromMilliseconds(10), () => Watch(node, client));
            return;
        }

        node.Reader = null;
        Do(node, reader.Id, (_, id) =>
        {
            if (client.Fetch.Manifest is { IsDeleted: true } tombstone)
            {
                Take(node, id, tombstone);
            }
            else if (client.Fetch.EndReason == FetchEndReason.Completed && reader.Lease?.Blocks is PartialBlob { IsComplete: true } partial)
            {
                Seal(node, id, partial);
            }
        });
        reader.Lease?.Dispose();
    }

    /// <summary>A deletion that was missed.</summary>
    private void Take(Node node, ResourceId id, Manifest tombstone)
    {
        var store = node.Store.Store;
        if (store.FindEntry(id) is { } entry && tombstone.IsNewerThan(entry.Resource.Manifest))
        {
            store.CommitTombstone(id, tombstone);
            node.Store.Answer(id, tombstone);
            Show(node, id, tombstone, []);
        }
    }

    private void Seal(Node node, ResourceId id, PartialBlob partial)
    {
        var store = node.Store.Store;
        var manifest = partial.Manifest;
        if (store.FindEntry(id) is not { } entry || manifest.IsNewerThan(entry.Resource.Manifest))
        {
            partial.Flush();
            var retention = _random.Pick(Retention.Kept, Retention.Cached);
            store.CommitBlob(new StoredResource(id, manifest, retention), partial.DataPath);
            node.Store.Answer(id, manifest);
            _sealed++;
            Show(node, id, manifest, _contents[manifest.Sha256]);
        }

        node.Store.Release(id, manifest.Version);
        store.Partials.Retire(partial);
    }

    private void Stop(Node node)
    {
        StopCount++;
        node.Store.Stop();
        node.IsUp = false;
        node.Server.Kill();
        if (node.Reader is { } reader)
        {
            node.Reader = null;
            reader.Client.Fetch.Cancel(reader.Client.LocalNow, FetchEndReason.Cancelled);
            reader.Lease?.Dispose();
        }
    }

    private void Start(Node node)
    {
        foreach (var broken in node.Store.Restart(machineStopped: _random.Chance(500_000)))
        {
            Broken.Add($"node {_nodes.IndexOf(node)}: {broken}");
        }

        node.IsUp = true;
        foreach (var id in Ids)
        {
            // It rains what is on its disk.
            node.Server.Catalog.Remove(id);
            if (node.Store.Store.FindEntry(id) is { } entry)
            {
                var bytes = entry.IsTombstone ? [] : node.Store.Read(entry) ?? [];
                var right = entry.IsTombstone ? [] : _contents.GetValueOrDefault(entry.Resource.Manifest.Sha256);
                if (right is null || !bytes.AsSpan().SequenceEqual(right))
                {
                    Broken.Add($"node {_nodes.IndexOf(node)}: {id} has other bytes than were put");
                }

                Show(node, id, entry.Resource.Manifest, bytes);
            }
        }

        node.Server.Restart();
        node.Server.Pump(_world.Now);
    }

    private void Show(Node node, ResourceId id, Manifest manifest, byte[] bytes)
    {
        node.Server.Catalog.Replace(id, SimContent.Of(bytes, manifest));
        node.Server.Pump(_world.Now);
    }

    private sealed class Node(SimServer server, SimStore store)
    {
        public SimServer Server => server;

        public SimStore Store => store;

        public bool IsUp { get; set; } = true;

        /// <summary>What it fetches.</summary>
        public Reader? Reader { get; set; }
    }

    private sealed record Reader(SimClient Client, ResourceId Id, BlocksLease? Lease);
}
