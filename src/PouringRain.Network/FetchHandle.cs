using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>A running fetch, as its owner sees it. Thread-safe.</summary>
public sealed class FetchHandle
{
    private readonly ClientLoop _loop;
    private readonly TaskCompletionSource<FetchEndReason> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FetchSnapshot _snapshot = FetchSnapshot.Empty;
    private long _firstDropletTicks = -1;
    private long _verifyingTicks;

    internal FetchHandle(ClientLoop loop) => _loop = loop;

    /// <summary>Ends when the fetch does and its sink is called no more; never in an exception.</summary>
    public Task<FetchEndReason> Completion => _completion.Task;

    /// <summary>Its figures, at most a few tens of milliseconds old.</summary>
    public FetchSnapshot Snapshot => Volatile.Read(ref _snapshot);

    /// <summary>Where its time went; true of every block that its sink was given.</summary>
    public FetchTimes Times => new(
        Interlocked.Read(ref _firstDropletTicks) is >= 0 and var first ? new TimeSpan(first) : null,
        new TimeSpan(Interlocked.Read(ref _verifyingTicks)));

    /// <summary>The flow behind it, once the loop has started it; the loop's alone.</summary>
    internal FetchFlow? Flow { get; set; }

    /// <summary>Wants these bytes too; see <see cref="Fetch.Demand"/>.</summary>
    public void Demand(long offset, long length, bool urgent) => _loop.Post(now => Flow?.Demand(now, offset, length, urgent));

    /// <summary>Adds a server to ask.</summary>
    public void AddServer(PeerAddress server) => _loop.Post(now => Flow?.AddServer(now, server));

    /// <summary>Ends the fetch.</summary>
    public void Cancel() => _loop.Post(now => Flow?.Cancel(now, FetchEndReason.Cancelled));

    internal void NoteFirstDroplet(TimeSpan after) => Interlocked.Exchange(ref _firstDropletTicks, after.Ticks);

    internal void NoteVerifying(TimeSpan time) => Interlocked.Add(ref _verifyingTicks, time.Ticks);

    internal void Publish(FetchSnapshot snapshot) => Volatile.Write(ref _snapshot, snapshot);

    internal void End(FetchEndReason reason) => _completion.TrySetResult(reason);
}
