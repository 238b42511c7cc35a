namespace PouringRain.Protocol;

/// <summary>The subscribers of one version at one server that have said what they hold (JOIN).</summary>
internal sealed class Company
{
    /// <summary>Those whose turn it may be, the most deprived first.</summary>
    public PriorityQueue<Subscriber, long> Ready { get; } = new();

    /// <summary>Turns that it has had.</summary>
    public long TurnCount { get; set; }

    /// <summary>Subscribers in it.</summary>
    public int Count { get; set; }

    /// <summary>Numbers them, so that of two that hold the same the same one goes first until it holds more: a block in one place soon is
    /// worth more than two halves.</summary>
    public int Entered { get; set; }
}
