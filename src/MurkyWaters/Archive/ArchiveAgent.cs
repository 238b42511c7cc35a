using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using MurkyWaters.Fetching;
using MurkyWaters.Store;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;

namespace MurkyWaters.Archive;

/// <summary>Does with pieces what the nodes that archive ask for here, and says what is there. What takes long goes on in the background,
/// and is asked about again; what it knows of it ends with the process, and the disk says the rest. Thread-safe.</summary>
internal sealed partial class ArchiveAgent : IAsyncDisposable
{
    /// <summary>Questions whose answers are at hand, and for how long: they come again when an answer was lost.</summary>
    private const int AnswersMax = 4096;

    private static readonly TimeSpan AnswerLife = TimeSpan.FromSeconds(30);

    private readonly ResourceStore _store;
    private readonly FetchTable _fetches;
    private readonly PieceReading _reading;
    private readonly long _repairBytesPerSecondMax;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<ulong, Asked> _answers = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<WorkKey, Work> _works = [];
    private readonly Dictionary<(ResourceId, Sha256Digest, string), Mint> _mints = [];
    private volatile bool _isEnding;
    private long _cleanedMs;

    public ArchiveAgent(
        ResourceStore store, FetchTable fetches, PieceReading reading, long repairBytesPerSecondMax, TimeProvider time, ILogger logger) =>
        (_store, _fetches, _reading, _repairBytesPerSecondMax, _time, _logger) =
            (store, fetches, reading, repairBytesPerSecondMax, time, logger);

    /// <summary>Makes lost pieces anew with the help of other nodes; set by the node.</summary>
    public PathRepair? Paths { get; set; }

    /// <summary>Whether a program runs here that writes a piece of that name; set by the node.</summary>
    public Func<PieceName, bool> IsWriting { get; set; } = _ => false;

    /// <summary>Obeys what another node asks; null while the answer is being found out.</summary>
    public ArchiveReport? Obey(ArchiveOrder order)
    {
        if (_isEnding)
        {
            return null;
        }

        if (!_answers.TryGetValue(order.Serial, out var asked))
        {
            if (_answers.Count >= AnswersMax)
            {
                return null;
            }

            asked = new Asked(_time.GetInstant());
            if (_answers.TryAdd(order.Serial, asked))
            {
                asked.Answering = Task.Run(async () => asked.Report = await DoAsync(order));
            }
        }

        return asked.Report;
    }

    /// <summary>Obeys, and says what is there then.</summary>
    public async Task<ArchiveReport> DoAsync(ArchiveOrder order)
    {
        try
        {
            if (!ErasureCodes.TryGet(order.Coding, out var code) || order.Index >= code.PieceCount)
            {
                return Failed("Its release does not know the coding.");
            }

            switch (order.Verb)
            {
                case ArchiveVerb.Mint when !IsMinted(order):
                case ArchiveVerb.Take when !HasPiece(order, order.Index):
                case ArchiveVerb.Restore when FindWhole(order) is not { Resource.Retention: Retention.Kept }:
                    return Report(order, code, StartWork(order, code));
                case ArchiveVerb.Unmint:
                    Unmint(order);
                    break;
                case ArchiveVerb.Shrink:
                    if (await ShrinkAsync(order, code) is { } reason)
                    {
                        return Report(order, code, null) with { Progress = ArchiveProgress.Failed, Reason = reason };
                    }

                    break;
                case ArchiveVerb.Leave:
                    await ForgetPieceAsync(PieceOf(order, order.Index));
                    break;
                case ArchiveVerb.Drop:
                    await DropAsync(order, code);
                    break;
                default:
                    break;
            }

            return Report(order, code, null);
        }
        catch (IOException error)
        {
            return Failed(error.Message);
        }
        catch (Exception error)
        {
            ArchiveLog.Broken(_logger, error, order.Verb, order.Resource, order.Coding, order.Index);
            return Failed("It failed in a way that it should not; its log has more.");
        }
    }

    /// <summary>Once a second: forgets answers that nobody asks for any more, and mints that nobody wants.</summary>
    public void Tick()
    {
        var now = _time.GetInstant();
        foreach (var (serial, asked) in _answers)
        {
            if (asked.Report is not null && now - asked.At > AnswerLife)
            {
                _answers.TryRemove(serial, out _);
            }
        }

        var nowMs = _time.GetMilliseconds();
        RemoveIdleMints(nowMs);
        if (nowMs - _cleanedMs >= IdlePartialMs / 3)
        {
            _cleanedMs = nowMs;
            RemoveIdlePartials(nowMs);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _isEnding = true;
        await _stopping.CancelAsync();
        Task[] running;
        lock (_gate)
        {
            running = [.. _works.Values.Select(work => work.Running), .. _answers.Values.Select(asked => asked.Answering)];
        }

        await Task.WhenAll(running);
        lock (_gate)
        {
            foreach (var mint in _mints.Values)
            {
                mint.Lease.Dispose();
            }

            _mints.Clear();
        }

        _stopping.Dispose();
    }

    private static ArchiveReport Failed(string reason) => new() { Progress = ArchiveProgress.Failed, Reason = reason };

    private ArchiveReport Report(ArchiveOrder order, ErasureCode code, Work? work)
    {
        var pieces = default(PieceSet);
        for (var i = 0; i < code.PieceCount; i++)
        {
            pieces = HasPiece(order, i) ? pieces.With(i) : pieces;
        }

        return new ArchiveReport
        {
            Progress = work is null ? (order.Verb == ArchiveVerb.Look && IsProgramAt(order, code) ? ArchiveProgress.Working
                : ArchiveProgress.Done) : work.HasFailed ? ArchiveProgress.Failed : ArchiveProgress.Working,
            HasWhole = FindWhole(order) is { } whole
                && (order.Verb != ArchiveVerb.Restore || whole.Resource.Retention == Retention.Kept),
            IsInPieces = _store.FindInPieces(order.Resource) is var (resource, coding)
                && resource.Manifest.Version == order.Version && coding == order.Coding,
            IsMinted = IsMinted(order),
            Pieces = pieces.Bits,
            Bytes = work?.Bytes ?? 0,
            Reason = work is { HasFailed: true } ? work.Reason : "",
        };
    }

    private bool IsProgramAt(ArchiveOrder order, ErasureCode code) => Enumerable.Range(0, code.PieceCount)
        .Any(index => IsWriting(new PieceName(order.Resource, order.Version.Tag, code, index)));

    private static ResourceId PieceOf(ArchiveOrder order, int index) =>
        PieceShape.IdOf(order.Resource, order.Version.Tag, order.Coding, index);

    private bool HasPiece(ArchiveOrder order, int index) =>
        _store.FindEntry(PieceOf(order, index)) is { IsTombstone: false, Resource.Retention: Retention.Kept } entry
            && entry.Resource.Manifest.Piece is { } role && role.ParentVersion == order.Version;

    private StoreEntry? FindWhole(ArchiveOrder order) =>
        _store.FindEntry(order.Resource) is { IsTombstone: false } entry && entry.Resource.Manifest.Version == order.Version ? entry : null;

    /// <summary>Begins it, or says how far it is. One that has failed begins once more with the question after its failure was
    /// told.</summary>
    private Work StartWork(ArchiveOrder order, ErasureCode code)
    {
        var key = new WorkKey(order.Verb, order.Resource, order.Version, order.Coding, order.Index);
        lock (_gate)
        {
            if (_works.TryGetValue(key, out var work))
            {
                if (work.HasFailed)
                {
                    _works.Remove(key);
                }

                return work;
            }

            work = new Work();
            _works.Add(key, work);
            ArchiveLog.Begins(_logger, order.Verb, order.Resource, order.Coding, order.Index);
            work.Running = Task.Run(() => RunAsync(key, work, order, code));
            return work;
        }
    }

    private async Task RunAsync(WorkKey key, Work work, ArchiveOrder order, ErasureCode code)
    {
        try
        {
            var doing = order.Verb switch
            {
                ArchiveVerb.Mint => Task.Run(() => Mints(order, code, work), _stopping.Token),
                ArchiveVerb.Take => TakeAsync(order, code, work),
                _ => RestoreAsync(order, work),
            };
            await doing;
            lock (_gate)
            {
                _works.Remove(key);
            }

            return;
        }
        catch (OperationCanceledException)
        {
            work.Reason = "The node ends.";
        }
        catch (IOException error)
        {
            work.Reason = error.Message;
        }
        catch (Exception error)
        {
            ArchiveLog.Broken(_logger, error, order.Verb, order.Resource, order.Coding, order.Index);
            work.Reason = "It failed in a way that it should not; its log has more.";
        }

        ArchiveLog.Failed(_logger, order.Verb, order.Resource, order.Coding, order.Index, work.Reason);
        work.HasFailed = true;
    }

    private readonly record struct WorkKey(ArchiveVerb Verb, ResourceId Resource, Sha256Digest Version, string Coding, int Index);

    /// <summary>A question that was asked.</summary>
    private sealed class Asked(Instant at)
    {
        private volatile ArchiveReport? _report;

        public Instant At => at;

        public ArchiveReport? Report
        {
            get => _report;
            set => _report = value;
        }

        public Task Answering { get; set; } = Task.CompletedTask;
    }

    /// <summary>What goes on in the background, or has failed.</summary>
    private sealed class Work
    {
        private long _bytes;
        private volatile bool _hasFailed;

        public long Bytes => Interlocked.Read(ref _bytes);

        public bool HasFailed
        {
            get => _hasFailed;
            set => _hasFailed = value;
        }

        public string Reason { get; set; } = "";

        public Task Running { get; set; } = Task.CompletedTask;

        public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>Pieces that rain, and the bytes that they are made of.</summary>
    private sealed record Mint(PieceMaker Maker, BlobLease Lease, ResourceId[] Ids)
    {
        public long SinceMs { get; init; }
    }
}
