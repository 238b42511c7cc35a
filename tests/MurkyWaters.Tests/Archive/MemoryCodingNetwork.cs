using System.Collections.Concurrent;
using MurkyWaters.Archive;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Archive;

/// <summary>What is wrong with a path.</summary>
internal enum PathFault
{
    None,

    /// <summary>A byte of every stretch is changed by one node; changed by two it would be right again.</summary>
    Lies,

    /// <summary>The streams end in their midst.</summary>
    Cut,

    /// <summary>A node takes no program.</summary>
    Refused,
}

/// <summary>Nodes of one process that give each other programs and streams. The paths have the faults that they are to have, in the order
/// in which they begin, and then none.</summary>
internal sealed class MemoryCodingNetwork(params PathFault[] faults) : ICodingNetwork
{
    private readonly ConcurrentDictionary<string, int> _paths = new();
    private readonly ConcurrentDictionary<int, NodeId> _liars = new();
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The nodes by their ids.</summary>
    public ConcurrentDictionary<NodeId, MurkyNode> Nodes { get; } = new();

    /// <summary>Bytes that went from one node to another, with the number of the path, from 0.</summary>
    public ConcurrentQueue<(int Path, NodeId From, NodeId To, long Bytes)> Moved { get; } = new();

    /// <summary>Lets paths begin, which wait for it: those of nodes that are being stopped are to have no fault of the others'.</summary>
    public void Open() => _opened.TrySetResult();

    public async Task BeginAsync(CodingPeer peer, string work, CodingProgram program, CancellationToken cancellation)
    {
        await _opened.Task.WaitAsync(cancellation);
        Assert.Matches("^http://node[0-9]+[.]test/$", peer.Url.AbsoluteUri);
        if (FaultOf(PathOf(work)) == PathFault.Refused || !Nodes.TryGetValue(peer.Node, out var node)
            || node.Coding.TryBegin(program, work) != CodingBegun.Begun)
        {
            throw new IOException($"Node {peer.Node} takes no program.");
        }
    }

    public Task<ICodingSource> OpenAsync(CodingPeer peer, string work, long length, CancellationToken cancellation) =>
        Nodes.TryGetValue(peer.Node, out var node) && node.Coding.TryDraw(work, length) is { } source
            ? Task.FromResult<ICodingSource>(new Drawn(this, PathOf(work), peer, source))
            : throw new IOException($"Node {peer.Node} is not there.");

    public Task<ICodingSink> CreateAsync(CodingPeer peer, string work, long length, CancellationToken cancellation) =>
        Task.FromResult(Nodes[peer.Node].Coding.TryTake(work, length) ?? throw new IOException("It is sent already."));

    public Task StopAsync(CodingPeer peer, string work, CancellationToken cancellation)
    {
        Nodes[peer.Node].Coding.TryStop(work);
        return Task.CompletedTask;
    }

    private int PathOf(string work) => _paths.GetOrAdd(work[..work.LastIndexOf('-')], _ => _paths.Count);

    private bool Lies(int path, NodeId node) => FaultOf(path) == PathFault.Lies && _liars.GetOrAdd(path, node) == node;

    private PathFault FaultOf(int path) => path < faults.Length ? faults[path] : PathFault.None;

    private sealed class Drawn(MemoryCodingNetwork network, int path, CodingPeer peer, ICodingSource source) : ICodingSource
    {
        public long? Length => source.Length;

        public async ValueTask<bool> TryReadAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            if (network.FaultOf(path) == PathFault.Cut)
            {
                throw new IOException($"The stream of node {peer.Node} was cut.");
            }

            var isRead = await source.TryReadAsync(buffer, cancellation);
            network.Moved.Enqueue((path, peer.Node, peer.Self, buffer.Length));
            buffer.Span[0] ^= network.Lies(path, peer.Node) ? (byte)1 : (byte)0;
            return isRead;
        }

        public ValueTask DisposeAsync() => source.DisposeAsync();
    }
}
