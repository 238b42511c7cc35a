namespace MurkyWaters.Propagating;

/// <summary>The bounds and the patience of <see cref="PropagateInbox"/>.</summary>
internal sealed record InboxTimes
{
    /// <summary>Looks at once: each is a few datagrams, and seconds when nobody answers.</summary>
    public const int LookCount = 8;

    /// <summary>Fetches of bytes at once.</summary>
    public const int FetchCount = 8;

    /// <summary>Requests of one share that wait in one queue: a node asks for eight at a
    /// time, one of 2012 for all that it is given.</summary>
    public const int ShareMax = 1000;

    /// <summary>Requests that wait in one queue, some 2 MB.</summary>
    public const int WaitingCountMax = 10_000;

    /// <summary>How often a version is tried; the node that has it asks again.</summary>
    public const int AttemptCountMax = 4;

    /// <summary>How often a place is looked for on behalf of a node of 2012, which does not ask again.</summary>
    public const int ClassicAttemptCountMax = 30;

    /// <summary>How long a source may take to say what the version is: a round trip around the world, and the manifest.</summary>
    public TimeSpan LookWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A fetch is given up when it brings less than <see cref="ProgressBytesMin"/> within this.</summary>
    public TimeSpan ProgressWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>1.6 kB/s: less than any link brings on which eight such fetches would make sense.</summary>
    public long ProgressBytesMin { get; init; } = 16 * 1024;

    /// <summary>The first pause before another attempt; each is twice the one before.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The pause after so many failures, 1 or more.</summary>
    public TimeSpan PauseAfter(int failureCount) => FirstPause * (1 << failureCount);
}
