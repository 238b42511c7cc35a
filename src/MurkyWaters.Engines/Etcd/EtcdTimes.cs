namespace MurkyWaters.Engines.Etcd;

/// <summary>The patience with etcd; tests have less.</summary>
internal sealed record EtcdTimes
{
    /// <summary>What a server has for its first try: an answer takes some milliseconds, and one that stands still never comes. Doubled with
    /// each round over all servers, up to <see cref="LongTry"/>, so that one that is merely slow is heard.</summary>
    public TimeSpan Try { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <inheritdoc cref="Try"/>
    public TimeSpan LongTry { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a server that failed is asked after the others.</summary>
    public TimeSpan Distrust { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a call may go on trying: an election takes a second or two.</summary>
    public TimeSpan Call { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long no answer may be old for etcd to count as connected.</summary>
    public TimeSpan Connected { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How often it is asked for changes, whether or not it tells of any.</summary>
    public TimeSpan Ask { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long after a failure it is asked again.</summary>
    public TimeSpan AskAgain { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The least time between two times of asking.</summary>
    public TimeSpan AskPause { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How often everything is listed.</summary>
    public TimeSpan List { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a node's key outlives its last renewal.</summary>
    public TimeSpan NodeLease { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long a turn outlives its last renewal.</summary>
    public TimeSpan TurnLease { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long what was deleted is remembered, so that a write that was given up and comes late finds it.</summary>
    public TimeSpan DeletionMark { get; init; } = TimeSpan.FromMinutes(10);
}
