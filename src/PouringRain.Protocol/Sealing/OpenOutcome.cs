namespace PouringRain.Protocol.Sealing;

/// <summary>What became of a datagram given to <see cref="DatagramOpener.TryOpen"/>.</summary>
public enum OpenOutcome
{
    /// <summary>It was opened.</summary>
    Opened,

    /// <summary>It is not sealed, or too short to be.</summary>
    NotSealed,

    /// <summary>It does not open: another secret, or it was changed on its way.</summary>
    Refused,

    /// <summary>It came before.</summary>
    Replayed,

    /// <summary>A droplet of a sender that has not shown itself yet.</summary>
    UnknownSender,

    /// <summary>Not tried: too many datagrams of senders that are not known came from there in the last second.</summary>
    TooManyStrangers,

    /// <summary>Not tried: too many datagrams that did not open came in the name of that sender, and this one does not continue what it
    /// sent.</summary>
    TooManyForgeries,
}
