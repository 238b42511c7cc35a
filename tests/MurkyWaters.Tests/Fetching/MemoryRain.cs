using System.Collections.Concurrent;
using MurkyWaters.Fetching;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Fetching;

/// <summary>A network in memory: servers that hold versions, and rounds that deliver blocks as fast as the test lets them.</summary>
internal sealed class MemoryRain : IRainTransport
{
    private readonly ConcurrentDictionary<(PeerAddress Server, ResourceId Id), (Manifest Manifest, byte[] Bytes)> _held = new();
    private int _roundCount;
    private int _blockCount;
    private int _classicQuestionCount;

    /// <summary>A block is delivered for each release; null delivers at once.</summary>
    public SemaphoreSlim? Pace { get; set; }

    /// <summary>Called before and after a round tells of its version.</summary>
    public Action<bool>? OnManifest { get; set; }

    /// <summary>Servers that answer nothing.</summary>
    public HashSet<PeerAddress> Silent { get; } = [];

    public Dictionary<PeerAddress, byte[]> Classic { get; } = [];

    /// <summary>Nodes told in format 1, in order.</summary>
    public ConcurrentQueue<(ResourceId Id, ushort RainPort, PeerAddress Node)> ClassicPropagations { get; } = new();

    /// <summary>Until it is set, servers of format 1 say nothing.</summary>
    public Task ClassicMayAnswer { get; set; } = Task.CompletedTask;

    /// <summary>Servers of format 1 asked so far.</summary>
    public int ClassicQuestionCount => Volatile.Read(ref _classicQuestionCount);

    /// <summary>Of the round that was begun last.</summary>
    public FetchOptions? OptionsOfLast { get; private set; }

    public int RoundCount => Volatile.Read(ref _roundCount);

    /// <summary>Blocks delivered in all rounds.</summary>
    public int BlockCount => Volatile.Read(ref _blockCount);

    public ConcurrentQueue<int> Delivered { get; } = new();

    public void Hold(PeerAddress server, ResourceId id, Manifest manifest, byte[] bytes) => _held[(server, id)] = (manifest, bytes);

    public IRainRound StartFetch(FetchRequest request, FetchOptions options, IFetchSink sink)
    {
        OptionsOfLast = options;
        Interlocked.Increment(ref _roundCount);
        var round = new Round(this, request, sink);
        round.Start();
        return round;
    }

    public async Task<byte[]?> FetchClassicAsync(ResourceId resource, PeerAddress server, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _classicQuestionCount);
        await ClassicMayAnswer.WaitAsync(cancellationToken);
        return Classic.GetValueOrDefault(server);
    }

    public void PropagateClassic(ResourceId resource, ushort rainPort, PeerAddress node) =>
        ClassicPropagations.Enqueue((resource, rainPort, node));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Round(MemoryRain rain, FetchRequest request, IFetchSink sink) : IRainRound
    {
        private readonly TaskCompletionSource<FetchEndReason> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _gate = new();
        private readonly LinkedList<int> _wanted = new();
        private readonly List<(long Offset, long Length, bool Urgent)> _early = [];
        private Manifest? _manifest;
        private ulong[] _held = [];
        private int _verified;

        public Task<FetchEndReason> Completion => _completion.Task;

        public FetchSnapshot Snapshot => new()
        {
            VerifiedBytes = 0,
            VerifiedBlocks = _verified,
            SymbolsNeeded = 10 * _verified,
            DropletsReceived = 10 * _verified,
            WireBytes = 0,
            Bound = FetchBound.Path,
            Sources = [.. request.Servers.Select(server => new SourceSnapshot
            {
                Peer = server,
                State = rain.Silent.Contains(server) ? SourceState.Asked
                    : rain._held.ContainsKey((server, request.Resource)) ? SourceState.Raining
                    : SourceState.NotFound,
                Droplets = _verified,
                Bytes = 0,
                Lost = 0,
                RoundTrip = TimeSpan.FromMilliseconds(1),
                RateBytesPerSecond = 1,
                LastHeard = null,
            })],
        };

        public FetchTimes Times => new(_verified > 0 ? TimeSpan.FromMilliseconds(1) : null, TimeSpan.FromMilliseconds(_verified));

        public void Start() => _ = Task.Run(async () =>
        {
            try
            {
                _completion.TrySetResult(await RunAsync());
            }
            catch (IOException)
            {
                _completion.TrySetResult(FetchEndReason.LocalFailure);
            }
            catch (Exception error)
            {
                _completion.TrySetException(error);
            }
        });

        public void Demand(long offset, long length, bool urgent)
        {
            lock (_gate)
            {
                if (_manifest is null)
                {
                    _early.Add((offset, length, urgent));
                    return;
                }

                var (first, end) = FetchDemand.BlocksOf(_manifest.Layout, offset, length);
                if (urgent)
                {
                    for (var i = end - 1; i >= first; i--)
                    {
                        _wanted.AddFirst(i);
                    }
                }
                else
                {
                    for (var i = first; i < end; i++)
                    {
                        _wanted.AddLast(i);
                    }
                }
            }
        }

        public void Cancel() => _cancelled.TrySetResult();

        private async Task<FetchEndReason> RunAsync()
        {
            await Task.Yield();
            var alive = request.Servers.Where(server => !rain.Silent.Contains(server)).ToArray();
            if (alive.Length == 0)
            {
                return FetchEndReason.Unanswered;
            }

            var offers = alive.Select(server => rain._held.TryGetValue((server, request.Resource), out var held) ? held : default)
                .Where(
                    held => held.Manifest is not null && (request.Version is null || held.Manifest.Version == request.Version)).ToArray();
            if (offers.Length == 0)
            {
                return FetchEndReason.NotFound;
            }

            var newest = offers.Aggregate((left, right) => right.Manifest.IsNewerThan(left.Manifest) ? right : left);
            rain.OnManifest?.Invoke(false);
            var answer = sink.OnManifest(newest.Manifest);
            rain.OnManifest?.Invoke(true);
            if (answer is not { } held)
            {
                return FetchEndReason.Cancelled;
            }

            lock (_gate)
            {
                _manifest = newest.Manifest;
                _held = new ulong[(_manifest.Layout.BlockCount + 63) / 64];
                held.CopyTo(_held);
            }

            Demand(request.DemandOffset, request.DemandLength, urgent: false);
            foreach (var (offset, length, urgent) in _early)
            {
                Demand(offset, length, urgent);
            }

            lock (_gate)
            {
                if (request.DemandLength == 0 && _wanted.First is null)
                {
                    // Who only asks takes no turn from those who rain.
                    return FetchEndReason.Completed;
                }
            }

            while (true)
            {
                if (rain.Pace is { } pace)
                {
                    await Task.WhenAny(pace.WaitAsync(), _cancelled.Task);
                }

                if (_cancelled.Task.IsCompleted)
                {
                    return FetchEndReason.Cancelled;
                }

                int block;
                lock (_gate)
                {
                    while (_wanted.First is { } node && (_held[node.Value >> 6] >> (node.Value & 63) & 1) != 0)
                    {
                        _wanted.RemoveFirst();
                    }

                    if (_wanted.First is null)
                    {
                        rain.Pace?.Release();
                        return FetchEndReason.Completed;
                    }

                    block = _wanted.First.Value;
                    _held[block >> 6] |= 1ul << (block & 63);
                }

                if (alive.All(rain.Silent.Contains))
                {
                    return FetchEndReason.Stalled;
                }

                // Counted first: the reader for whom it is may look at once.
                Interlocked.Increment(ref rain._blockCount);
                rain.Delivered.Enqueue(block);
                sink.OnBlock(block, newest.Bytes.AsSpan((int)_manifest.Layout.OffsetOf(block), _manifest.Layout.BytesOf(block)));
                Interlocked.Increment(ref _verified);
            }
        }
    }
}
