namespace Simulation.Deployments;

/// <summary>A mistake that is made on purpose, to see that it is found.</summary>
public enum DeploymentFault
{
    /// <summary>None.</summary>
    None,

    /// <summary>Receivers send their receipts before they have read anything back.</summary>
    EarlyReceipt,

    /// <summary>No wave waits for the one before.</summary>
    AllAtOnce,

    /// <summary>One fewer than the quorum is enough.</summary>
    SmallQuorum,

    /// <summary>Receivers that are told to leave it go on.</summary>
    DeafToStop,
}
