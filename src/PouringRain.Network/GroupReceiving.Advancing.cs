using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace PouringRain.Network;

// What the machines say, and what is done about it.
public sealed partial class GroupReceiving
{
    // errno.h: what says that there is no room.
    private const int FileTooLarge = 27, NoSpace = 28, Quota = 122;

    private Instant Advance(Instant now)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return Instant.Never;
            }

            AdvanceReceiver(now);
            AdvanceFetch(now);

            // What was fetched may have been the last of it.
            AdvanceReceiver(now);
            if (now >= _nextSnapshot || _receiver.EndReason != GroupReceiverEndReason.None)
            {
                _nextSnapshot = now + SnapshotInterval;
                Volatile.Write(ref _snapshot, _receiver.Snapshot());
            }

            if (_receiver.EndReason != GroupReceiverEndReason.None)
            {
                _completion.TrySetResult(_receiver.EndReason);
                return Instant.Never;
            }

            return Instant.Min(_receiver.NextTimeout, Instant.Min(_fetch?.NextTimeout ?? Instant.Never, _fetchAgainAt));
        }
    }

    private void AdvanceReceiver(Instant now)
    {
        while (_receiver.TryPollEvent(out var kind))
        {
            switch (kind)
            {
                case GroupReceiverEventKind.ManifestReady:
                    _receiver.MarkHeld(FindHeld(now, _receiver.Manifest!));
                    break;
                case GroupReceiverEventKind.TurnToUnicast:
                    if (_receiver.UnicastReason == GroupUnicastReason.Crawls)
                    {
                        // What still came of it would take the air from what is fetched.
                        _group.Stop();
                    }

                    BeginFetch(now);
                    break;
                case GroupReceiverEventKind.Completed:
                    ThreadPool.UnsafeQueueUserWorkItem(_ => ReadBack(), null);
                    break;
                default:
                    break;
            }
        }

        while (_worksOut < _worksMax && _receiver.TryPollWork(out var work))
        {
            _worksOut++;
            ThreadPool.UnsafeQueueUserWorkItem(_ => RunWork(work, null), null);
        }

        while (_receiver.TryPollTransmit(now, _buffer, out var transmit))
        {
            _unicast.Transmit(now, transmit, _buffer);
        }
    }

    private ulong[] FindHeld(Instant now, Manifest manifest)
    {
        try
        {
            return _sink.OnManifest(manifest);
        }
        catch (Exception exception)
        {
            Fail(now, exception);
            return [];
        }
    }

    private void BeginFetch(Instant now)
    {
        _fetchAgainAt = Instant.Never;
        if (_receiver.HandOver() is not { } request)
        {
            return;
        }

        _fetch?.Dispose();
        _fetch = new Fetch(new FetchOptions(), request, _tokens, RandomNumber.Draw(), now)
        {
            // As of any client: the kernel counts its own overhead.
            ReceiveBufferBytes = _unicast.Socket.ReceiveBufferBytes / 2,
        };
    }

    private void AdvanceFetch(Instant now)
    {
        if (now >= _fetchAgainAt)
        {
            BeginFetch(now);
        }

        if (_fetch is not { } fetch)
        {
            return;
        }

        while (fetch.TryPollEvent(out var fetchEvent))
        {
            if (fetchEvent.Kind == FetchEventKind.ManifestReady)
            {
                var isNew = _receiver.Manifest is null;
                _receiver.OnManifest(now, fetch.Manifest!);
                if (isNew)
                {
                    _receiver.MarkHeld(FindHeld(now, fetch.Manifest!));
                    AdvanceReceiver(now);
                }

                fetch.MarkHeld(_receiver.CopyHeld());
            }
        }

        while (_worksOut < _worksMax && fetch.TryPollWork(out var work))
        {
            _worksOut++;
            ThreadPool.UnsafeQueueUserWorkItem(_ => RunWork(work, fetch), null);
        }

        while (fetch.TryPollTransmit(now, _buffer, out var transmit))
        {
            _unicast.Transmit(now, transmit, _buffer);
        }

        if (fetch.EndReason != FetchEndReason.None && _worksOut == 0)
        {
            _fetch = null;
            fetch.Dispose();
            if (_receiver.State is not (GroupReceiverState.Waiting or GroupReceiverState.Receiving))
            {
                return;
            }

            // Whoever was asked may be there again in a while.
            _fetchAgainAt = ++_fetchCount < FetchCountMax ? now + FetchInterval : Instant.Never;
            if (_fetchAgainAt == Instant.Never)
            {
                _receiver.Fail(now, GroupFailure.Incomplete);
            }
        }
    }

    /// <summary>Decodes, verifies and keeps a block; on a worker's thread.</summary>
    private void RunWork(BlockWork work, Fetch? fetch)
    {
        Exception? failure = null;
        var isKept = false;
        try
        {
            work.Run();
            if (work.IsVerified)
            {
                _sink.OnBlock(work.BlockIndex, work.Bytes.Span);
                isKept = true;
            }
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        lock (_gate)
        {
            _worksOut--;
            if (!_isClosed)
            {
                var now = MonotonicClock.Now;
                if (fetch is null)
                {
                    _receiver.CompleteWork(now, work, isKept);
                }
                else
                {
                    fetch.CompleteWork(now, work, isKept);
                    if (isKept)
                    {
                        _fetchCount = 0;
                        _receiver.OnKept(now, work.BlockIndex);
                    }
                }

                if (failure is not null)
                {
                    Fail(now, failure);
                }
            }
        }

        _unicast.Touch();
    }

    private void ReadBack()
    {
        Sha256Digest digest = default;
        Exception? failure = null;
        try
        {
            digest = _sink.ReadBack();
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        lock (_gate)
        {
            if (!_isClosed && failure is null)
            {
                _receiver.SendReceipt(MonotonicClock.Now, digest);
            }
            else if (!_isClosed)
            {
                Fail(MonotonicClock.Now, failure!);
            }
        }

        _unicast.Touch();
    }

    private void Fail(Instant now, Exception exception)
    {
        Failure ??= exception;
        _receiver.Fail(now, exception switch
        {
            IOException { HResult: NoSpace or Quota or FileTooLarge } => GroupFailure.DiskFull,
            IOException or UnauthorizedAccessException => GroupFailure.NotWritable,
            _ => GroupFailure.Other,
        });
    }
}
