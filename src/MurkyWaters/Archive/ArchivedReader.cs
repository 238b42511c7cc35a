using System.Collections.Immutable;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>Opens a piece, wherever it is.</summary>
/// <param name="index">Which piece.</param>
/// <param name="offset">First byte of it wanted soon.</param>
/// <param name="length">Bytes of it wanted soon; 0 for its manifest only.</param>
/// <param name="cancellationToken">Ends it.</param>
/// <returns>A reader of that piece; null when it cannot be had.</returns>
internal delegate Task<ResourceReader?> OpenPiece(int index, long offset, long length, CancellationToken cancellationToken);

/// <summary>
/// Reads a resource out of its pieces: a group of source blocks at a time it reads the cells of those pieces that came fastest so far,
/// decodes, and compares every block with the resource's own digest. A piece that fails, or is slow, gives way to another one; one that is
/// not what it says is found and named. Reads come one after the other.
/// </summary>
internal sealed class ArchivedReader : ResourceReader
{
    /// <summary>What is not there after so long although others are is taken for slow, and for missing by who counts.</summary>
    private static readonly TimeSpan GraceMin = TimeSpan.FromMilliseconds(50), HedgeMin = TimeSpan.FromMilliseconds(250);

    private readonly PieceShape _shape;
    private readonly OpenPiece _open;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private readonly PieceSource?[] _sources;
    private readonly byte[] _group;
    private readonly GroupDecoder _decoder;
    private List<Task> _opening = [];
    private (long Offset, long Length) _demand;
    private int _groupHeld = -1;
    private int _isDisposed;

    private ArchivedReader(PieceShape shape, OpenPiece open, TimeProvider time)
    {
        (_shape, _open, _time) = (shape, open, time);
        _sources = new PieceSource?[shape.Code.PieceCount];
        _decoder = new GroupDecoder(shape);
        _group = new byte[Math.Min(shape.Cells.Length, (long)shape.CellsPerBlock * shape.Cells.BlockBytes)];
    }

    public override Manifest Manifest => _shape.Parent;

    /// <summary>The code of <see cref="Coding"/>.</summary>
    public ErasureCode Code => _shape.Code;

    /// <inheritdoc/>
    public override string? Coding => Code.Name;

    /// <summary>Whether as many pieces as it takes are on this node's own disk.</summary>
    public override bool IsHit => _shape.GroupCount == 0 || _shape.Code.IsSufficient(PieceSet.Of(
        [.. Enumerable.Range(0, _sources.Length).Where(i => Volatile.Read(ref _sources[i]) is { IsLost: false, Reader.IsHit: true })]));

    public override string? FilePath => null;

    public override TransferSnapshot? Transfer =>
        _sources.FirstOrDefault(source => source is { IsRead: true, Reader.Transfer: not null })?.Reader.Transfer;

    /// <inheritdoc/>
    public override ImmutableArray<int>? MissingPieces => _opening.Count == 0 ? null
        : [.. Enumerable.Range(0, _sources.Length).Where(i => Volatile.Read(ref _sources[i]) is null or { IsLost: true })];

    /// <summary>Told of pieces that are not what they say, by their indices.</summary>
    public Action<int>? OnLie { get; init; }

    /// <summary>Opens as many pieces as it takes.</summary>
    /// <param name="shape">What is to be read.</param>
    /// <param name="open">Opens a piece.</param>
    /// <param name="offset">First byte wanted soon.</param>
    /// <param name="length">Bytes wanted soon; 0 for none, and then no piece is opened.</param>
    /// <param name="onLie">Told of pieces that are not what they say.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The reader; or null and the pieces that cannot be had, when the others do not suffice.</returns>
    public static async Task<(ArchivedReader? Reader, ImmutableArray<int> Missing)> OpenAsync(
        PieceShape shape, OpenPiece open, long offset, long length, Action<int>? onLie, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var reader = new ArchivedReader(shape, open, time) { OnLie = onLie };
        try
        {
            if (length <= 0 || shape.GroupCount == 0 || offset >= shape.Cells.Length
                || await reader.OpenPiecesAsync(offset, length, cancellationToken))
            {
                var opened = reader;
                reader = null;
                return (opened, []);
            }

            return (null, reader.MissingPieces!.Value);
        }
        finally
        {
            if (reader is not null)
            {
                await reader.DisposeAsync();
            }
        }
    }

    public override async ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (destination.IsEmpty || offset >= _shape.Cells.Length)
        {
            return 0;
        }

        var run = await HaveAsync(offset, destination.Length, cancellationToken);
        run.CopyTo(destination);
        return run.Length;
    }

    public override async ValueTask<FileRun> LocateAsync(long offset, int count, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, _shape.Cells.Length);
        return new FileRun(null, (await HaveAsync(offset, count, cancellationToken)).Length);
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await _ending.CancelAsync();
        await Task.WhenAll(_opening);
        foreach (var source in _sources)
        {
            await (source?.Reader.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        _ending.Dispose();
    }

    /// <summary>Verified bytes from an offset on, as far as they are of one group.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> HaveAsync(long offset, int countMax, CancellationToken cancellationToken)
    {
        var group = _shape.Cells.BlockAt(offset) / _shape.CellsPerBlock;
        var (start, bytes) = _shape.BlocksOf(group);
        if (group != _groupHeld)
        {
            if (_opening.Count == 0 && !await OpenPiecesAsync(offset, countMax, cancellationToken))
            {
                throw Failure();
            }

            _groupHeld = -1;
            await DecodeAsync(group, cancellationToken);
            _groupHeld = group;
        }

        var at = (int)(offset - start);
        return _group.AsMemory(at, Math.Min(countMax, bytes - at));
    }

    /// <summary>Looks for all pieces at once. It has found them when those that are there suffice, and the others have had a little
    /// longer.</summary>
    private async Task<bool> OpenPiecesAsync(long offset, long length, CancellationToken cancellationToken)
    {
        var last = Math.Min(length, _shape.Cells.Length - offset) + offset - 1;
        var first = _shape.CellsOf(_shape.Cells.BlockAt(offset) / _shape.CellsPerBlock).Offset;
        var (start, bytes) = _shape.CellsOf(_shape.Cells.BlockAt(last) / _shape.CellsPerBlock);
        _demand = (first, start + bytes - first);
        var began = _time.GetTimestamp();
        _opening = [.. Enumerable.Range(0, _sources.Length).Select(OpenAsync)];
        var pending = new HashSet<Task>(_opening);
        Task? grace = null;
        while (pending.Count > 0)
        {
            if (grace is null && _shape.Code.IsSufficient(Opened))
            {
                var passed = _time.GetElapsedTime(began);
                grace = Task.Delay(passed > GraceMin ? passed : GraceMin, _time, cancellationToken);
            }

            var ended = await Task.WhenAny(grace is null ? pending : pending.Append(grace)).WaitAsync(cancellationToken);
            if (ended == grace)
            {
                break;
            }

            pending.Remove(ended);
        }

        return _shape.Code.IsSufficient(Opened);

        async Task OpenAsync(int index)
        {
            ResourceReader? reader = null;
            try
            {
                reader = await _open(index, 0, 0, _ending.Token);
            }
            catch (Exception error) when (error is IOException or OperationCanceledException)
            {
                // It counts as missing.
            }

            if (reader is not null && _shape.IsPiece(reader.Manifest, index))
            {
                Volatile.Write(ref _sources[index], new PieceSource(index, reader));
            }
            else if (reader is not null)
            {
                OnLie?.Invoke(index);
                await reader.DisposeAsync();
            }
        }
    }

    private PieceSet Opened => PieceSet.Of(
        [.. Enumerable.Range(0, _sources.Length).Where(i => Volatile.Read(ref _sources[i]) is { IsLost: false })]);

    /// <summary>Reads cells until they suffice, and makes the group's blocks of them.</summary>
    private async Task DecodeAsync(int group, CancellationToken cancellationToken)
    {
        var blocks = _group.AsMemory(0, _shape.BlocksOf(group).Bytes);
        var cells = await ReadCellsAsync(group, isAll: false, cancellationToken);
        if (_decoder.TryDecode(group, cells, blocks.Span))
        {
            return;
        }

        // Somebody lies, or has rot that his own digests do not know of.
        cells = await ReadCellsAsync(group, isAll: true, cancellationToken);
        if (!_decoder.TryDecodeWithout(group, cells, blocks.Span, out var liars))
        {
            throw new FetchFailedException(FetchEndReason.IntegrityFailure, []) { MissingPieces = MissingPieces };
        }

        foreach (var liar in liars)
        {
            _sources[liar]!.IsLost = true;
            OnLie?.Invoke(liar);
        }
    }

    /// <summary>Reads the cells of a group: of the pieces that were fastest so far, and of the others when those fail or take
    /// long.</summary>
    private async Task<List<(int Piece, byte[] Cells)>> ReadCellsAsync(int group, bool isAll, CancellationToken cancellationToken)
    {
        var (offset, bytes) = _shape.CellsOf(group);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = new Queue<PieceSource>(Preferred());
        var known = PieceSet.Of([.. waiting.Select(source => source.Index)]);
        var running = new HashSet<Task<(PieceSource Source, bool IsRead)>>();
        var done = new List<(int, byte[])>();
        var have = default(PieceSet);
        var began = _time.GetTimestamp();
        var wanted = isAll ? int.MaxValue : _shape.Code.PartCount;
        Task? hedge = null;
        while (isAll ? waiting.Count + running.Count > 0 : !_shape.Code.IsSufficient(have))
        {
            while (running.Count + done.Count < wanted && waiting.TryDequeue(out var source))
            {
                running.Add(ReadAsync(source));
            }

            if (running.Count == 0)
            {
                // Pieces that were found when enough others had been are there for those that failed.
                foreach (var late in Preferred().Where(source => !known.Contains(source.Index)))
                {
                    waiting.Enqueue(late);
                    known = known.With(late.Index);
                }

                if (waiting.Count == 0 && !await AwaitOpenedAsync(cancellationToken))
                {
                    throw Failure();
                }

                wanted = int.MaxValue;
                continue;
            }

            if (hedge is null && 2 * done.Count >= _shape.Code.PartCount && waiting.Count > 0)
            {
                var passed = 3 * _time.GetElapsedTime(began);
                hedge = Task.Delay(passed > HedgeMin ? passed : HedgeMin, _time, ending.Token);
            }

            var ended = await Task.WhenAny(hedge is null || wanted == int.MaxValue ? running : running.Append(hedge));
            if (ended == hedge)
            {
                cancellationToken.ThrowIfCancellationRequested();
                wanted = int.MaxValue;
                continue;
            }

            var read = (Task<(PieceSource, bool)>)ended;
            running.Remove(read);
            var (from, isRead) = await read;
            if (isRead)
            {
                from.LastTime = _time.GetElapsedTime(began);
                done.Add((from.Index, from.Cells!));
                have = have.With(from.Index);
            }
            else
            {
                cancellationToken.ThrowIfCancellationRequested();
                from.IsLost = true;
            }
        }

        // Their buffers are used again by the next group.
        await ending.CancelAsync();
        foreach (var (source, isRead) in await Task.WhenAll(running))
        {
            source.LastTime = isRead ? source.LastTime : _time.GetElapsedTime(began);
        }

        return done;

        async Task<(PieceSource Source, bool IsRead)> ReadAsync(PieceSource source)
        {
            source.Cells ??= new byte[_shape.Layout.BlockBytes];
            source.IsRead = true;
            try
            {
                await source.DemandAsync(_open, _demand, ending.Token);
                for (var at = 0; at < bytes;)
                {
                    var count = await source.Reader.ReadAsync(offset + at, source.Cells.AsMemory(at, bytes - at), ending.Token);
                    if (count == 0)
                    {
                        return (source, false);
                    }

                    at += count;
                }

                return (source, true);
            }
            catch (Exception error) when (error is IOException or OperationCanceledException)
            {
                return (source, false);
            }
        }
    }

    /// <summary>Waits until one more is found, or not; false when none is looked for any more.</summary>
    private async Task<bool> AwaitOpenedAsync(CancellationToken cancellationToken)
    {
        Task[] pending = [.. _opening.Where(opening => !opening.IsCompleted)];
        await (pending.Length == 0 ? Task.CompletedTask : Task.WhenAny(pending).WaitAsync(cancellationToken));
        return pending.Length > 0;
    }

    /// <summary>The sources, those first that tell something which the ones before them do not, each of them in the order of how fast they
    /// were: of parts two may be the same.</summary>
    private IEnumerable<PieceSource> Preferred()
    {
        PieceSource[] sources = [.. _sources.OfType<PieceSource>().Where(source => !source.IsLost)
            .OrderByDescending(source => source.Reader.IsHit).ThenBy(source => source.LastTime)];
        var chosen = new int[_shape.Code.PartCount];
        var count = _shape.Code.Choose([.. sources.Select(source => source.Index)], chosen);
        return sources.OrderByDescending(source => chosen.AsSpan(0, count).Contains(source.Index));
    }

    private FetchFailedException Failure() => new(FetchEndReason.NotFound, []) { MissingPieces = MissingPieces };

    /// <summary>A piece that was found.</summary>
    private sealed class PieceSource(int index, ResourceReader reader)
    {
        private bool _isDemanded = reader.IsHit;

        public int Index => index;

        public ResourceReader Reader { get; private set; } = reader;

        public byte[]? Cells { get; set; }

        public TimeSpan LastTime { get; set; }

        public bool IsLost { get; set; }

        public bool IsRead { get; set; }

        /// <summary>The first time that it is read: says what else will be.</summary>
        public async Task DemandAsync(OpenPiece open, (long Offset, long Length) demand, CancellationToken cancellationToken)
        {
            if (_isDemanded)
            {
                return;
            }

            _isDemanded = true;
            if (await open(index, demand.Offset, demand.Length, cancellationToken) is { } demanding)
            {
                if (demanding.Manifest.Version != Reader.Manifest.Version)
                {
                    await demanding.DisposeAsync();
                    return;
                }

                var before = Reader;
                Reader = demanding;
                await before.DisposeAsync();
            }
        }
    }
}
