using System.Buffers;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Threading.Tasks.Sources;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// The way of an upload's bytes, buffer by buffer: into the file and the digests of the blocks on one core, into the digest of the whole on
/// another. Each of the two works on one buffer, then goes behind everything else in the thread pool's queue, so that many uploads
/// share the threads and none is held while there is nothing to do; a few buffers wait at most, and whoever adds more waits. A machine with
/// one core does both in turn, where the bytes come. One caller at a time.
/// </summary>
internal sealed class UploadPipeline : IValueTaskSource, IDisposable
{
    /// <summary>Enough that neither of the two waits for the other's last buffer, nor for the next from the network.</summary>
    private const int BufferCountMax = 4;

    private readonly Lock _gate = new();
    private readonly Slot[] _slots = new Slot[BufferCountMax];
    private readonly Action<ReadOnlySpan<byte>, long> _write;
    private readonly IncrementalHash _wholeHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly BlockDigester _blocks;
    private readonly Stage? _blockStage, _wholeStage;
    private ManualResetValueTaskSourceCore<bool> _passed = new() { RunContinuationsAsynchronously = true };
    private ExceptionDispatchInfo? _failure;
    private long _added;
    private long _awaited = long.MaxValue;
    private int _bufferBytes;

    /// <summary>Begins.</summary>
    /// <param name="blockBytes">Bytes of a block.</param>
    /// <param name="write">Puts bytes into the file, at an offset.</param>
    /// <param name="isParallel">Whether there is more than one core.</param>
    /// <param name="isGrowing">Whether the first blocks are small.</param>
    public UploadPipeline(int blockBytes, Action<ReadOnlySpan<byte>, long> write, bool isParallel, bool isGrowing = false)
    {
        _write = write;
        IsGrowing = isGrowing;
        _blocks = new BlockDigester(blockBytes, isGrowing);
        if (isParallel)
        {
            _blockStage = new Stage(this, TakeBlocks);
            _wholeStage = new Stage(this, TakeWhole);
        }
    }

    /// <summary>Bytes of a block.</summary>
    public int BlockBytes => _blocks.BlockBytes;

    /// <summary>Whether the first blocks are small.</summary>
    public bool IsGrowing { get; }

    /// <summary>Memory of the buffers that are under way.</summary>
    public int BufferBytes => Volatile.Read(ref _bufferBytes);

    private long Passed => Math.Min(_blockStage!.Passed, _wholeStage!.Passed);

    /// <summary>Takes a buffer of <see cref="ArrayPool{T}.Shared"/>, which goes back there.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="count">How much of it.</param>
    /// <param name="offset">Where that is in the resource.</param>
    /// <param name="isWritten">Whether the file has it.</param>
    /// <exception cref="StoreException">The disk did not take this buffer, or one before.</exception>
    public async ValueTask AddAsync(byte[] buffer, int count, long offset, bool isWritten)
    {
        var slot = new Slot(buffer, count, offset, isWritten);
        Interlocked.Add(ref _bufferBytes, buffer.Length);
        if (_blockStage is null)
        {
            Process(TakeWhole, slot);
            Process(TakeBlocks, slot);
            Return(slot);
            _failure?.Throw();
            return;
        }

        await WaitAsync(_added + 1 - BufferCountMax);
        lock (_gate)
        {
            _slots[_added++ % BufferCountMax] = slot;
            Start(_blockStage);
            Start(_wholeStage!);
        }

        _failure?.Throw();
    }

    /// <summary>Waits until all is hashed and in the file.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public async ValueTask DrainAsync()
    {
        await SettleAsync();
        _failure?.Throw();
    }

    /// <summary>As <see cref="DrainAsync"/>, whatever the disk says.</summary>
    public ValueTask SettleAsync() => _blockStage is null ? ValueTask.CompletedTask : WaitAsync(_added);

    /// <summary>The digest of the whole, after <see cref="DrainAsync"/>, once.</summary>
    public Sha256Digest FinishWhole()
    {
        Span<byte> bytes = stackalloc byte[Sha256Digest.SizeBytes];
        _wholeHash.GetHashAndReset(bytes);
        return Sha256Digest.Read(bytes);
    }

    /// <summary>The digests of the blocks, after <see cref="DrainAsync"/>.</summary>
    public BlockDigest[] FinishBlocks() => _blocks.Finish().ToArray();

    /// <summary>Nothing is under way any more: see <see cref="SettleAsync"/>.</summary>
    public void Dispose()
    {
        _wholeHash.Dispose();
        _blocks.Dispose();
    }

    /// <inheritdoc/>
    void IValueTaskSource.GetResult(short token) => _passed.GetResult(token);

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _passed.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _passed.OnCompleted(continuation, state, token, flags);

    /// <summary>Waits until both have passed so many buffers.</summary>
    private ValueTask WaitAsync(long count)
    {
        lock (_gate)
        {
            if (Passed >= count)
            {
                return ValueTask.CompletedTask;
            }

            _awaited = count;
            _passed.Reset();
            return new ValueTask(this, _passed.Version);
        }
    }

    private static void Start(Stage stage)
    {
        if (!stage.IsRunning)
        {
            stage.IsRunning = true;
            ThreadPool.UnsafeQueueUserWorkItem(stage, preferLocal: false);
        }
    }

    private void Run(Stage stage)
    {
        var slot = _slots[stage.Passed % BufferCountMax];
        Process(stage.Take, slot);
        var isLast = false;
        var isAwaited = false;
        lock (_gate)
        {
            var other = stage == _blockStage ? _wholeStage! : _blockStage!;
            stage.Passed++;
            isLast = other.Passed >= stage.Passed;
            stage.IsRunning = false;
            if (stage.Passed < _added)
            {
                Start(stage);
            }

            isAwaited = Passed >= _awaited;
            _awaited = isAwaited ? long.MaxValue : _awaited;
        }

        if (isLast)
        {
            Return(slot);
        }

        if (isAwaited)
        {
            _passed.SetResult(true);
        }
    }

    private void Process(Action<Slot> take, Slot slot)
    {
        if (Volatile.Read(ref _failure) is not null)
        {
            return;
        }

        try
        {
            take(slot);
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
        }
    }

    private void TakeWhole(Slot slot) => _wholeHash.AppendData(slot.Buffer.AsSpan(0, slot.Count));

    private void TakeBlocks(Slot slot)
    {
        var bytes = slot.Buffer.AsSpan(0, slot.Count);
        if (!slot.IsWritten)
        {
            _write(bytes, slot.Offset);
        }

        _blocks.Append(bytes);
    }

    private void Return(Slot slot)
    {
        Interlocked.Add(ref _bufferBytes, -slot.Buffer.Length);
        ArrayPool<byte>.Shared.Return(slot.Buffer);
    }

    private readonly record struct Slot(byte[] Buffer, int Count, long Offset, bool IsWritten);

    /// <summary>One of the two that work on every buffer.</summary>
    private sealed class Stage(UploadPipeline pipeline, Action<Slot> take) : IThreadPoolWorkItem
    {
        public Action<Slot> Take { get; } = take;

        /// <summary>Buffers that it has worked on; changed under the gate.</summary>
        public long Passed { get; set; }

        public bool IsRunning { get; set; }

        public void Execute() => pipeline.Run(this);
    }
}
