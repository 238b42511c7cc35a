namespace PouringRain.Protocol;

/// <summary>Whoever rains symbols, as blocks and <see cref="SourceIsolation"/> know it: a server with a path of its own, which may be asked
/// for one block alone, or a sender that is only listened to, which may not.</summary>
internal class SymbolSource
{
    public SymbolSource(PeerAddress peer) => Peer = peer;

    public PeerAddress Peer { get; }

    public SourceState State { get; set; }

    public bool IsRaining => State == SourceState.Raining;

    public bool HasLied => State == SourceState.Lied;

    /// <summary>Blocks that it gave alone and that were right, since sources were isolated last.</summary>
    public int IsolatedSuccesses { get; set; }

    /// <summary>Blocks that it gave alone and that were wrong.</summary>
    public int IsolatedFailures { get; set; }

    /// <summary>Whether this block may be asked of it just now.</summary>
    public virtual bool MayBeAskedFor(uint blockNumber) => false;

    /// <summary>Whether it brought nothing of what was ordered of it, and others go before it for a while.</summary>
    public virtual bool IsSetBack(Instant now) => false;
}
