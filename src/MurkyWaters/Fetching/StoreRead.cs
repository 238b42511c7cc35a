using System.Buffers;
using MurkyWaters.Backing;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>
/// Reads what is demanded of a version from the object store: runs of missing blocks, each by a request of its own, a few at once and
/// within the window of the fetch. A block goes on only when it is what its manifest says; one that is not ends it. While the store does
/// not answer it is asked again, for as long as a fetch waits for rain that has stalled. Thread-safe.
/// </summary>
internal sealed class StoreRead
{
    private const int RunningMax = 4;

    /// <summary>A request for more costs no less a byte, and one that is cut off loses more.</summary>
    private const int RunBytesMax = 8 * 1024 * 1024;

    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(100), PauseMax = TimeSpan.FromSeconds(2);

    private readonly ObjectStore _objects;
    private readonly Manifest _manifest;
    private readonly bool _isClaimed;
    private readonly FetchOptions _options;
    private readonly IFetchSink _sink;
    private readonly TimeProvider _time;
    private readonly CancellationToken _cancellationToken;
    private readonly Lock _gate = new();
    private readonly bool[] _taken;
    private readonly LinkedList<(int First, int End)> _wanted = new();
    private readonly long _began;
    private TaskCompletionSource _demanded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytes;
    private int _blocks;
    private long _verifyingTicks;
    private long _firstTicks = -1;
    private long _progressAt;

    /// <summary>Makes it; nothing is asked for before <see cref="RunAsync"/>.</summary>
    /// <param name="objects">Whom to ask.</param>
    /// <param name="manifest">The version.</param>
    /// <param name="isClaimed">Whether the store itself says that it has this version, so that it must.</param>
    /// <param name="held">Blocks that are here: bit i of word i / 64.</param>
    /// <param name="options">Its window and its patience.</param>
    /// <param name="sink">Takes the blocks.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public StoreRead(
        ObjectStore objects, Manifest manifest, bool isClaimed, ReadOnlyMemory<ulong> held, FetchOptions options, IFetchSink sink,
        TimeProvider time, CancellationToken cancellationToken)
    {
        _objects = objects;
        _manifest = manifest;
        _isClaimed = isClaimed;
        _options = options;
        _sink = sink;
        _time = time;
        _cancellationToken = cancellationToken;
        _began = _progressAt = time.GetTimestamp();
        _taken = new bool[manifest.Layout.BlockCount];
        for (var i = 0; i < _taken.Length && i >> 6 < held.Length; i++)
        {
            _taken[i] = (held.Span[i >> 6] >> (i & 63) & 1) != 0;
        }
    }

    /// <summary>Bytes of blocks that came and were right.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Blocks that came and were right.</summary>
    public int Blocks => Volatile.Read(ref _blocks);

    /// <summary>Until the first one was here; null before.</summary>
    public TimeSpan? FirstBlock => Interlocked.Read(ref _firstTicks) is >= 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>Time that comparing and keeping took.</summary>
    public TimeSpan Verifying => TimeSpan.FromTicks(Interlocked.Read(ref _verifyingTicks));

    /// <summary>Wants more bytes.</summary>
    public void Demand(long offset, long length, bool urgent)
    {
        var blocks = FetchDemand.BlocksOf(_manifest.Layout, offset, length);
        if (blocks.First >= blocks.End)
        {
            return;
        }

        TaskCompletionSource demanded;
        lock (_gate)
        {
            if (urgent)
            {
                _wanted.AddFirst(blocks);
            }
            else
            {
                _wanted.AddLast(blocks);
            }

            demanded = _demanded;
            _demanded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        demanded.TrySetResult();
    }

    /// <summary>Reads until all that is demanded is here.</summary>
    /// <returns>How that ended; <see cref="FetchEndReason.NotFound"/> when there is no such body, and none was claimed.</returns>
    /// <exception cref="BackEndException">Nothing came before the store ceased to answer.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public async Task<FetchEndReason> RunAsync()
    {
        var running = new List<Task<FetchEndReason>>();
        var runningMax = (int)Math.Clamp(_options.WindowBytesMax / _manifest.Layout.BlockBytes, 1, RunningMax);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_cancellationToken);
        try
        {
            while (true)
            {
                Task demanded;
                lock (_gate)
                {
                    demanded = _demanded.Task;
                }

                while (running.Count < runningMax && TryTake(runningMax, out var run))
                {
                    running.Add(Task.Run(() => ReadRunAsync(run, ended.Token), CancellationToken.None));
                }

                if (running.Count == 0)
                {
                    return FetchEndReason.Completed;
                }

                await Task.WhenAny([demanded, .. running]);
                for (var i = running.Count - 1; i >= 0; i--)
                {
                    if (running[i].IsCompleted)
                    {
                        var reason = await running[i];
                        running.RemoveAt(i);
                        if (reason != FetchEndReason.Completed)
                        {
                            return reason;
                        }
                    }
                }
            }
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(running).ContinueWith(static all => all.Exception, TaskScheduler.Default);
        }
    }

    /// <summary>The next missing blocks of what is wanted first.</summary>
    private bool TryTake(int runningMax, out (int First, int End) run)
    {
        var layout = _manifest.Layout;
        var countMax = (int)Math.Max(
            1, Math.Min(RunBytesMax, _options.WindowBytesMax / runningMax) / layout.BlockBytes);
        lock (_gate)
        {
            while (_wanted.First is { } node)
            {
                var (first, end) = node.Value;
                while (first < end && _taken[first])
                {
                    first++;
                }

                if (first == end)
                {
                    _wanted.RemoveFirst();
                    continue;
                }

                var last = first;
                while (last < end && last - first < countMax && !_taken[last])
                {
                    _taken[last++] = true;
                }

                node.Value = (last, end);
                run = (first, last);
                return true;
            }
        }

        run = default;
        return false;
    }

    private async Task<FetchEndReason> ReadRunAsync((int First, int End) run, CancellationToken cancellationToken)
    {
        var pause = PauseMin;
        var next = run.First;
        while (true)
        {
            var before = next;
            try
            {
                var (reason, end) = await ReadOnceAsync(next, run.End, at => next = at, cancellationToken);
                if (reason != FetchEndReason.None)
                {
                    return reason;
                }

                next = end;
            }
            catch (BackEndException error)
            {
                if (error.Error == BackEndError.Denied || _time.GetElapsedTime(Interlocked.Read(ref _progressAt)) >= _options.StallTimeout)
                {
                    if (Bytes == 0)
                    {
                        throw;
                    }

                    return FetchEndReason.Stalled;
                }
            }

            if (next == run.End)
            {
                return FetchEndReason.Completed;
            }

            // What was cut off goes on where it was.
            pause = next > before ? PauseMin : pause * 2 < PauseMax ? pause * 2 : PauseMax;
            await Task.Delay(pause, _time, cancellationToken);
        }
    }

    /// <summary>Reads blocks until the last, or until the bytes end.</summary>
    /// <returns>Why the whole is over, or none; and the block to go on with.</returns>
    private async Task<(FetchEndReason Reason, int Next)> ReadOnceAsync(
        int first, int end, Action<int> onBlock, CancellationToken cancellationToken)
    {
        var layout = _manifest.Layout;
        var offset = layout.OffsetOf(first);
        var length = layout.OffsetOf(end - 1) + layout.BytesOf(end - 1) - offset;
        await using var download = await _objects.ReadBodyAsync(_manifest, offset, length, cancellationToken);
        if (download is null)
        {
            return (_isClaimed ? NoteWrong("it is not there, or too short") : FetchEndReason.NotFound, first);
        }

        if (download.ObjectLength is { } bytes && bytes != layout.Length)
        {
            return (NoteWrong($"it has {bytes} bytes and should have {layout.Length}"), first);
        }

        var buffer = ArrayPool<byte>.Shared.Rent(layout.BlockBytes);
        try
        {
            for (var index = first; index < end; index++)
            {
                var block = buffer.AsMemory(0, layout.BytesOf(index));
                for (var filled = 0; filled < block.Length;)
                {
                    var count = await download.ReadAsync(block[filled..], cancellationToken);
                    if (count == 0)
                    {
                        return (FetchEndReason.None, index);
                    }

                    filled += count;
                }

                if (!TryPass(index, block.Span))
                {
                    return (NoteWrong($"its block {index} is another"), index);
                }

                onBlock(index + 1);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return (FetchEndReason.None, end);
    }

    private bool TryPass(int index, ReadOnlySpan<byte> block)
    {
        var began = _time.GetTimestamp();
        if (BlockDigest.Of(_manifest.BlockDigestAlgorithm, block) != _manifest.BlockDigests[index])
        {
            return false;
        }

        _sink.OnBlock(index, block);
        Interlocked.Add(ref _verifyingTicks, _time.GetElapsedTime(began).Ticks);
        Interlocked.CompareExchange(ref _firstTicks, _time.GetElapsedTime(_began).Ticks, -1);
        Interlocked.Exchange(ref _progressAt, _time.GetTimestamp());
        Interlocked.Add(ref _bytes, block.Length);
        Interlocked.Increment(ref _blocks);
        return true;
    }

    private FetchEndReason NoteWrong(string reason)
    {
        _objects.NoteWrong(BackEndNames.BodyOf(_manifest), reason);
        return FetchEndReason.IntegrityFailure;
    }
}
