using Microsoft.Extensions.Logging;
using MurkyWaters.Fetching;
using MurkyWaters.Store;
using PouringRain.Protocol.Deploying;

namespace MurkyWaters.Deploying;

/// <summary>Obeys the nodes that deploy: fetches what they want here, in company with the others, reads it back, and says how far that is
/// whenever it is asked. What it knows of a deployment it forgets when the process ends, or when nobody has asked for long; then it begins
/// again, with what is on the disk. Thread-safe.</summary>
internal sealed class DeployAgent : IAsyncDisposable
{
    /// <summary>Orders that are remembered, running ones among them.</summary>
    private const int OrderCountMax = 64;

    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly ResourceStore _store;
    private readonly FetchTable _fetches;
    private readonly DeployGroups _groups;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, DeployWork> _works = [];
    private long _done, _failed;
    private bool _isEnding;

    public DeployAgent(ResourceStore store, FetchTable fetches, DeployGroups groups, TimeProvider time, ILogger logger) =>
        (_store, _fetches, _groups, _time, _logger) = (store, fetches, groups, time, logger);

    /// <summary>How many orders are being obeyed, and how many have ended either way.</summary>
    public (int Running, long Done, long Failed) Figures
    {
        get
        {
            lock (_gate)
            {
                return (_works.Values.Count(work => !work.IsOver), Interlocked.Read(ref _done), Interlocked.Read(ref _failed));
            }
        }
    }

    /// <summary>Obeys an order, and says how far that is; null while the node ends.</summary>
    public DeployReport? Obey(DeployOrder order)
    {
        DeployWork? work;
        lock (_gate)
        {
            if (_isEnding)
            {
                return null;
            }

            if (!_works.TryGetValue(order.Deployment, out work))
            {
                if (!TryMakePlace())
                {
                    return new DeployReport
                    {
                        Progress = order.IsStop ? DeployProgress.Stopped : DeployProgress.Waiting,
                        Reason = $"It obeys {OrderCountMax} deployments already.",
                    };
                }

                work = new DeployWork(_store, _fetches, _groups, _time, order);
                _works.Add(order.Deployment, work);
                if (!order.IsStop)
                {
                    DeployLog.Ordered(_logger, order.Deployment, order.Resource, order.Version);
                    work.Start(NoteEnded);
                }
            }

            work.AskedAt = _time.GetInstant();
            if (order.IsStop)
            {
                work.Stop();
            }
        }

        return work.Report();
    }

    public async ValueTask DisposeAsync()
    {
        DeployWork[] works;
        lock (_gate)
        {
            _isEnding = true;
            works = [.. _works.Values];
        }

        foreach (var work in works)
        {
            work.Stop();
        }

        await Task.WhenAll(works.Select(work => work.Completion));
        foreach (var work in works)
        {
            work.Dispose();
        }
    }

    private bool TryMakePlace()
    {
        var now = _time.GetInstant();
        foreach (var (id, work) in _works)
        {
            if (work.IsOver && now - work.AskedAt >= Memory)
            {
                Forget(id, work);
            }
        }

        if (_works.Count < OrderCountMax)
        {
            return true;
        }

        // The one that nobody has asked about for longest is asked to begin again, should anybody ask.
        if (_works.Values.Where(work => work.IsOver).MinBy(work => work.AskedAt) is not { } oldest)
        {
            return false;
        }

        Forget(oldest.Order.Deployment, oldest);
        return true;
    }

    private void Forget(ulong id, DeployWork work)
    {
        _works.Remove(id);
        work.Dispose();
    }

    private void NoteEnded(DeployWork work, Exception? broken)
    {
        if (broken is not null)
        {
            DeployLog.Broken(_logger, broken, work.Order.Deployment, work.Order.Resource);
        }

        var report = work.Report();
        if (report.Progress == DeployProgress.Done)
        {
            Interlocked.Increment(ref _done);
            DeployLog.Had(_logger, work.Order.Deployment, work.Order.Resource, report.Receipt);
        }
        else if (report.Progress == DeployProgress.Failed)
        {
            Interlocked.Increment(ref _failed);
            DeployLog.Failed(_logger, work.Order.Deployment, work.Order.Resource, report.Reason);
        }
    }
}
