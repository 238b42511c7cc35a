namespace MurkyWaters.Fetching;

/// <summary>What a fetch is at.</summary>
internal enum FetchPhase
{
    /// <summary>It was made and not started.</summary>
    Made,

    /// <summary>What an earlier one has left is looked through.</summary>
    Preparing,

    /// <summary>It waits for its part of the memory.</summary>
    Waiting,

    /// <summary>A round runs.</summary>
    Raining,

    /// <summary>All is here that is wanted just now, or nobody wants anything.</summary>
    Idle,

    /// <summary>The servers of 2012 are asked.</summary>
    AskingClassic,

    /// <summary>The store takes it in.</summary>
    Sealing,

    /// <summary>It is found out what to tell those who have no blocks.</summary>
    Finishing,

    /// <summary>It is over; its readers may read on what is here.</summary>
    Over,
}
