using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>What the state machine of a fetch wants done.</summary>
/// <param name="Kind">What.</param>
/// <param name="Reader">For whom, if for a reader.</param>
/// <param name="Offset">The first byte asked for.</param>
/// <param name="Length">How many; 0 for the manifest alone.</param>
/// <param name="IsUrgent">Whether they are to come before all others.</param>
/// <param name="End">How the rain ended.</param>
internal readonly record struct FetchAction(
    FetchActionKind Kind, object? Reader = null, long Offset = 0, long Length = 0, bool IsUrgent = false,
    FetchEndReason End = FetchEndReason.None);

/// <summary>What is to be done; in brackets what the machine is told then.</summary>
internal enum FetchActionKind
{
    /// <summary>Look through what an earlier fetch has left (<see cref="FetchMachine.HandlePrepared"/>).</summary>
    Prepare,

    /// <summary>Get the memory for a round: at once or not at all while the version is not known, in line when it is
    /// (<see cref="FetchMachine.HandleGrant"/>; <see cref="FetchMachine.HandleRoundEnded"/> when there is nobody to ask).</summary>
    Enter,

    /// <summary>Leave that line (<see cref="FetchMachine.HandleGrant"/>, all the same).</summary>
    LeaveLine,

    /// <summary>Begin a round (<see cref="FetchMachine.HandleManifest"/> where the version was not known,
    /// <see cref="FetchMachine.HandleRoundEnded"/>).</summary>
    Rain,

    /// <summary>Ask the running round for more.</summary>
    Demand,

    /// <summary>Let a block go from memory: it is at <see cref="FetchAction.Offset"/>.</summary>
    Drop,

    /// <summary>End the running round.</summary>
    CancelRound,

    /// <summary>Ask the servers of 2012 (<see cref="FetchMachine.HandleManifest"/> when one has it,
    /// <see cref="FetchMachine.HandleClassicEnded"/>).</summary>
    AskClassic,

    /// <summary>Ask them no longer.</summary>
    CancelClassic,

    /// <summary>Have the version kept, if it is to be kept (<see cref="FetchMachine.HandleSealed"/>).</summary>
    Seal,

    /// <summary>Give a reader the blocks.</summary>
    Attach,

    /// <summary>Find out what to tell those who have no blocks (<see cref="FetchMachine.HandleFinished"/>).</summary>
    Finish,

    /// <summary>Take it out of the table of fetches: before anybody learns of the end, so that who asks again gets a new one.</summary>
    Withdraw,

    /// <summary>Tell a reader what was found out.</summary>
    Refuse,

    /// <summary>Let go of everything: it is over.</summary>
    Release,
}
