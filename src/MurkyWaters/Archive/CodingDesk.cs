using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>What became of a wish to run a program.</summary>
public enum CodingBegun
{
    /// <summary>It runs.</summary>
    Begun,

    /// <summary>As many run as may, or they hold as much memory as they may.</summary>
    Busy,

    /// <summary>Another program has the name.</summary>
    Taken,
}

/// <summary>A program that runs here, or has ended a while ago.</summary>
/// <param name="Work">Its name; empty when it has none.</param>
/// <param name="Length">Bytes of each of its streams.</param>
/// <param name="Result">What became of it; null while it runs.</param>
public sealed record CodingWork(string Work, long Length, CodingResult? Result);

/// <summary>
/// The data node: blocks by their ids, and programs that run over them and over streams of other nodes, so many at once and with so much
/// memory as <see cref="CodingLimits"/> says. One in which nothing moves for two minutes is ended. Thread-safe.
/// </summary>
public sealed class CodingDesk : IAsyncDisposable
{
    private const long IdleMs = 120_000, LifeMs = 24 * 3_600_000, EndedMs = 60_000;
    private const int EndedMax = 256;

    private readonly CodingBlocks _blocks;
    private readonly CodingStreams _streams;
    private readonly CodingHost _host;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly List<Run> _runs = [];
    private readonly List<Run> _ended = [];
    private long _bytes;

    internal CodingDesk(
        ResourceStore store, PieceReading reading, ICodingNetwork? network, Func<NodeId, CodingPeer?> findPeer, TimeProvider time,
        ILogger logger)
    {
        (_time, _logger) = (time, logger);
        _blocks = new CodingBlocks(store);
        _streams = new CodingStreams(time);
        _host = new CodingHost(store, _blocks, reading, _streams, network, findPeer);
    }

    /// <summary>What runs, and what has ended in the last minute.</summary>
    public ImmutableArray<CodingWork> Works
    {
        get
        {
            lock (_gate)
            {
                return [.. _runs.Concat(_ended).Select(run => new CodingWork(run.Name, run.Program.Length, run.Result))];
            }
        }
    }

    /// <summary>Opens a block; null when there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public CodingBlock? TryOpenBlock(string id) => _blocks.TryOpen(id);

    /// <summary>Begins a block of so many bytes; null when that can be none's id.</summary>
    /// <exception cref="StoreException">The disk has no room for it, or does not take it.</exception>
    public CodingBlockWriter? TryCreateBlock(string id, long length) => _blocks.TryCreate(id, length);

    /// <summary>Removes a block; false when there is none.</summary>
    /// <exception cref="StoreException">The disk does not let it go.</exception>
    public Task<bool> TryRemoveBlockAsync(string id) => Task.Run(() => _blocks.TryRemove(id));

    /// <summary>Runs a program in the background. Its own stream waits to be drawn under its name, or is sent on.</summary>
    /// <param name="program">The program.</param>
    /// <param name="work">Its name.</param>
    /// <param name="to">Where its stream is sent; null where it is drawn, or there is none.</param>
    public CodingBegun TryBegin(CodingProgram program, string work, CodingPlace? to = null)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(work);
        var (begun, run) = TryAdd(program, work);
        if (run is null)
        {
            return begun;
        }

        CodingStreamEnd? own = null;
        if (program.Output is not null && to is null && (own = _streams.TryWrite(work, program.Length)) is null)
        {
            End(run, new CodingResult(CodingOutcome.Failed, null, 0, "There is another stream of that name."));
            return CodingBegun.Taken;
        }

        run.Running = Task.Run(() => RunAsync(run, own, program.Output is null ? null : to));
        return CodingBegun.Begun;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">The program.</param>
    /// <param name="own">Where its own stream goes; null when it has none.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>What became of it; null when as many run as may.</returns>
    public async Task<CodingResult?> RunAsync(CodingProgram program, ICodingSink? own, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(program);
        if (TryAdd(program, "").Run is not { } run)
        {
            return null;
        }

        using var ending = cancellation.UnsafeRegister(static run => ((Run)run!).Stop("Whoever wanted it has gone."), run);
        return await RunAsync(run, own);
    }

    /// <summary>Draws the stream of a program that runs under a name.</summary>
    /// <param name="work">The name.</param>
    /// <param name="length">The stream's bytes, where it may be drawn before the program has begun; null where it has to be there.</param>
    /// <returns>Null when there is none, or somebody draws it, or as many wait as may.</returns>
    public ICodingSource? TryDraw(string work, long? length = null) => _streams.TryRead(work, length);

    /// <summary>Takes a stream for the program that reads it under a name of this node; null when somebody sends it already.</summary>
    public ICodingSink? TryTake(string work, long length) => _streams.TryWrite(work, length)?.Sink;

    /// <summary>Ends the program of a name; false when none runs.</summary>
    public bool TryStop(string work)
    {
        lock (_gate)
        {
            var run = work.Length == 0 ? null : _runs.Find(run => run.Name == work);
            run?.Stop("It was ended.");
            return run is not null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Task[] running;
        lock (_gate)
        {
            running = [.. _runs.Select(run => run.Running)];
        }

        await Task.WhenAll(running);
        _stopping.Dispose();
    }

    /// <summary>Once a second: ends what stands still, and forgets what has ended.</summary>
    internal void Tick()
    {
        _streams.Tick();
        var now = _time.GetMilliseconds();
        lock (_gate)
        {
            foreach (var run in _runs)
            {
                if (now - run.Watch.LastMs > IdleMs || now - run.BeganMs > LifeMs)
                {
                    run.Stop("Nothing moved in it.");
                }
            }

            _ended.RemoveAll(run => now - run.EndedMs > EndedMs);
        }
    }

    /// <summary>Whether a program runs that writes a block, or a piece, of this name.</summary>
    internal bool IsWriting(string target)
    {
        lock (_gate)
        {
            return _runs.Exists(run => run.Program.Plan.Outputs.Any(
                stream => stream is { Kind: CodingStreamKind.WriteBlock } && stream.Target == target));
        }
    }

    /// <summary>Opens what a program may read, for work of this node's own.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    internal ValueTask<ICodingSource?> OpenAsync(CodingStream stream, long length, CancellationToken cancellation) =>
        _host.For(new CodingWatch(_time)).OpenAsync(stream, length, cancellation);

    private (CodingBegun Begun, Run? Run) TryAdd(CodingProgram program, string name)
    {
        var bytes = ((program.Plan.Inputs.Length + program.Plan.Outputs.Length)
            * Math.Min(program.BufferBytes, Math.Max(1, program.Length))) + CodingLimits.PipeBytesMax;
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested || _runs.Count >= CodingLimits.RunningMax
                || _bytes + bytes > CodingLimits.RunningBytesMax)
            {
                return (CodingBegun.Busy, null);
            }

            if (name.Length > 0 && _runs.Exists(run => run.Name == name))
            {
                return (CodingBegun.Taken, null);
            }

            var run = new Run(name, program, bytes, new CodingWatch(_time), _time.GetMilliseconds(), _stopping.Token);
            _runs.Add(run);
            _bytes += bytes;
            return (CodingBegun.Begun, run);
        }
    }

    private async Task RunAsync(Run run, CodingStreamEnd? own, CodingPlace? to)
    {
        var result = await RunAsync(run, own?.Sink, to);
        if (own is not null)
        {
            if (result.Outcome != CodingOutcome.Completed)
            {
                own.Pipe.Fail(result.ToString());
            }

            await own.Sink.DisposeAsync();
        }
    }

    private async Task<CodingResult> RunAsync(Run run, ICodingSink? own, CodingPlace? to = null)
    {
        CodingResult result;
        ICodingSink? sent = null;
        try
        {
            if (to is { } place)
            {
                own = sent = run.Watch.Over(await _host.SendAsync(place, run.Program.Length, run.Token));
            }

            result = await CodingRun.RunAsync(run.Program, _host.For(run.Watch), own, run.Token);
        }
        catch (OperationCanceledException)
        {
            result = new CodingResult(CodingOutcome.Failed, null, 0, run.WhyStopped ?? "The node ends.");
        }
        catch (IOException error)
        {
            result = new CodingResult(CodingOutcome.Failed, run.Program.Output, 0, error.Message);
        }
        catch (Exception error)
        {
            // A program that was checked cannot do this: it is a mistake of ours, and ends nothing else.
            ArchiveLog.ProgramBroken(_logger, error, run.Name);
            result = new CodingResult(CodingOutcome.Failed, null, 0, "It failed in a way that it should not; the node's log has more.");
        }

        await (sent?.DisposeAsync() ?? ValueTask.CompletedTask);
        if (result.Outcome != CodingOutcome.Completed)
        {
            ArchiveLog.ProgramFailed(_logger, run.Name, result.ToString());
        }

        End(run, result);
        return result;
    }

    private void End(Run run, CodingResult result)
    {
        lock (_gate)
        {
            _runs.Remove(run);
            _bytes -= run.Bytes;
            (run.Result, run.EndedMs) = (result, _time.GetMilliseconds());
            if (run.Name.Length > 0)
            {
                _ended.RemoveAll(other => other.Name == run.Name);
                _ended.Add(run);
                _ended.RemoveRange(0, Math.Max(0, _ended.Count - EndedMax));
            }

            run.Dispose();
        }
    }

    /// <summary>A program that runs.</summary>
    private sealed class Run : IDisposable
    {
        private readonly CancellationTokenSource _ending;
        private bool _isDisposed;

        public Run(string name, CodingProgram program, long bytes, CodingWatch watch, long beganMs, CancellationToken stopping)
        {
            (Name, Program, Bytes, Watch, BeganMs) = (name, program, bytes, watch, beganMs);
            _ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            Token = _ending.Token;
        }

        public string Name { get; }

        public CodingProgram Program { get; }

        public long Bytes { get; }

        public CodingWatch Watch { get; }

        public long BeganMs { get; }

        public CancellationToken Token { get; }

        public long EndedMs { get; set; }

        public CodingResult? Result { get; set; }

        public string? WhyStopped { get; private set; }

        public Task Running { get; set; } = Task.CompletedTask;

        public void Stop(string why)
        {
            lock (_ending)
            {
                WhyStopped ??= why;
                if (!_isDisposed)
                {
                    // The continuations of what waits are not to run here, under locks.
                    _ = _ending.CancelAsync();
                }
            }
        }

        public void Dispose()
        {
            lock (_ending)
            {
                _isDisposed = true;
            }

            _ending.Dispose();
        }
    }
}
