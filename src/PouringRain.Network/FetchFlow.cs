using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>A fetch, its sink and its handle. A fetch that has ended is over only when every block in work has come back, so that its
/// sink is called no more and its memory is nobody's.</summary>
internal sealed class FetchFlow : ClientFlow
{
    private static readonly TimeSpan SnapshotInterval = TimeSpan.FromMilliseconds(50);
    private readonly Fetch _fetch;
    private readonly IFetchSink _sink;
    private readonly FetchHandle _handle;
    private readonly ClientLoop _loop;
    private readonly ILogger _logger;
    private Instant _nextSnapshot;
    private int _worksOut;
    private bool _hasRained;
    private volatile bool _isUnwanted;
    private FetchEndReason _failure;

    public FetchFlow(Fetch fetch, IFetchSink sink, FetchHandle handle, ClientLoop loop, ILogger logger)
    {
        _fetch = fetch;
        _sink = sink;
        _handle = handle;
        _loop = loop;
        _logger = logger;
    }

    /// <inheritdoc/>
    public override uint SubscriptionId => _fetch.SubscriptionId;

    /// <inheritdoc/>
    public override Instant NextTimeout => HasFailed ? Instant.Never : _fetch.NextTimeout;

    /// <summary>Whether it waits for room among the workers.</summary>
    public bool IsStarved { get; set; }

    private bool HasFailed => _failure != FetchEndReason.None;

    /// <inheritdoc/>
    public override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!HasFailed)
        {
            _fetch.Handle(now, from, datagram);
            if (!_hasRained && _fetch.FirstDroplet is { } after)
            {
                _hasRained = true;
                _handle.NoteFirstDroplet(after);
            }
        }
    }

    /// <inheritdoc/>
    public override bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        return !HasFailed && _fetch.TryPollTransmit(now, buffer, out transmit);
    }

    /// <inheritdoc/>
    public override void BeforeTransmits(Instant now)
    {
        if (HasFailed)
        {
            return;
        }

        _fetch.ReceiveBufferBytes = _loop.ReceiveBufferPart;
        while (_fetch.TryPollEvent(out var fetchEvent))
        {
            Tell(now, fetchEvent);
        }

        while (_fetch.EndReason == FetchEndReason.None)
        {
            if (!_loop.HasWorkRoom)
            {
                _loop.Starve(this);
                break;
            }

            if (!_fetch.TryPollWork(out var work))
            {
                break;
            }

            _worksOut++;
            _loop.StartWork(this, work);
        }
    }

    /// <inheritdoc/>
    public override void AfterTransmits(Instant now)
    {
        var reason = HasFailed ? _failure : _fetch.EndReason;
        _isUnwanted |= reason != FetchEndReason.None;
        if (reason != FetchEndReason.None && _worksOut == 0 && !IsOver)
        {
            IsOver = true;
            try
            {
                if (!HasFailed)
                {
                    // The last events, which a poll for transmits may have brought.
                    while (_fetch.TryPollEvent(out var fetchEvent))
                    {
                        Tell(now, fetchEvent);
                    }

                    _handle.Publish(_fetch.Snapshot(now));
                    _fetch.Dispose();
                }
            }
            finally
            {
                // Whatever happens, and be it that there is no memory left for its last figures: somebody waits for the end.
                _handle.End(reason);
            }
        }
        else if (!HasFailed && now >= _nextSnapshot)
        {
            _nextSnapshot = now + SnapshotInterval;
            _handle.Publish(_fetch.Snapshot(now));
        }
    }

    /// <summary>As <see cref="Fetch.Demand"/>.</summary>
    public void Demand(Instant now, long offset, long length, bool urgent)
    {
        Guarded(() => _fetch.Demand(now, offset, length, urgent));
    }

    /// <summary>As <see cref="Fetch.AddServer"/>.</summary>
    public void AddServer(Instant now, PeerAddress server)
    {
        Guarded(() => _fetch.AddServer(now, server));
    }

    /// <summary>As <see cref="Fetch.Cancel"/>.</summary>
    public void Cancel(Instant now, FetchEndReason reason)
    {
        Guarded(() =>
        {
            _isUnwanted = true;
            _fetch.Cancel(now, reason);
        });
    }

    /// <inheritdoc/>
    public override void Close(Instant now) => Cancel(now, FetchEndReason.Cancelled);

    /// <inheritdoc/>
    public override void Abandon(Exception exception)
    {
        // Its state is not to be trusted, so nothing of it goes back to a pool.
        _isUnwanted = true;
        _failure = FetchEndReason.LocalFailure;
        _loop.Touch(this);
        Log.FetchFailed(_logger, exception);
    }

    /// <summary>Decodes, verifies and keeps a block; on a worker's thread.</summary>
    public void RunWork(BlockWork work)
    {
        var kept = false;
        Exception? failure = null;
        var hasRun = false;
        if (!_isUnwanted)
        {
            try
            {
                work.Decode();
                var decoded = MonotonicClock.Now;
                work.Verify();
                _handle.NoteVerifying(MonotonicClock.Now - decoded);
                hasRun = true;
                if (work.IsVerified)
                {
                    _sink.OnBlock(work.BlockIndex, work.Bytes.Span);
                    kept = true;
                }
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        }

        while (!TryGiveBack(work, hasRun, kept, failure))
        {
            // The fetch does not end before its work is back. What others let go of meanwhile is enough for that.
#pragma warning disable RS0030 // Nothing may be allocated to wait by.
            Thread.Sleep(1);
#pragma warning restore RS0030
        }
    }

    private bool TryGiveBack(BlockWork work, bool hasRun, bool kept, Exception? failure)
    {
        try
        {
            _loop.Post(now => CompleteWork(now, work, hasRun, kept, failure));
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    private void CompleteWork(Instant now, BlockWork work, bool hasRun, bool kept, Exception? failure)
    {
        _worksOut--;
        _loop.WorkCameBack();
        _loop.Touch(this);
        if (failure is not null && !hasRun)
        {
            Abandon(failure);
            return;
        }

        Guarded(() => _fetch.CompleteWork(now, work, kept));
        if (failure is not null)
        {
            Log.BlockNotKept(_logger, failure, work.BlockIndex);
            Cancel(now, FetchEndReason.LocalFailure);
        }
    }

    private void Guarded(Action action)
    {
        if (HasFailed || IsOver)
        {
            return;
        }

        try
        {
            action();
        }
        catch (Exception exception)
        {
            Abandon(exception);
        }

        _loop.Touch(this);
    }

    private void Tell(Instant now, FetchEvent fetchEvent)
    {
        try
        {
            switch (fetchEvent.Kind)
            {
                case FetchEventKind.ManifestReady:
                    if (_sink.OnManifest(_fetch.Manifest!) is { } held)
                    {
                        _fetch.MarkHeld(held.Span);
                    }
                    else
                    {
                        Cancel(now, FetchEndReason.Cancelled);
                    }

                    break;
                case FetchEventKind.PathIsNarrow:
                    var dropletBytes = WireFormat.DropletHeaderBytes + _fetch.SymbolSizeOffered;
                    Log.PathIsNarrow(_logger, dropletBytes, fetchEvent.Peer, _fetch.SymbolSize);
                    break;
                case FetchEventKind.VersionNotUnderstood when _fetch.NotUnderstood is { } notUnderstood:
                    Log.VersionNotUnderstood(_logger, notUnderstood.Version, _fetch.Resource, notUnderstood.Why);
                    break;
                case FetchEventKind.SourceLied or FetchEventKind.SourceStale:
                    _sink.OnSourceEvent(fetchEvent);
                    break;
            }
        }
        catch (Exception exception) when (_fetch.EndReason == FetchEndReason.None)
        {
            Log.FetchFailed(_logger, exception);
            Cancel(now, FetchEndReason.LocalFailure);
        }
    }
}
