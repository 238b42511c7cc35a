namespace Gateway.Deploying;

/// <summary>How <c>--send</c> and <c>--receive</c> end.</summary>
internal static class ExitCodes
{
    /// <summary>Everybody has it; it is here, whole and verified.</summary>
    public const int Done = 0;

    /// <summary>It could not be done.</summary>
    public const int Failed = 1;

    /// <summary>An argument is wrong.</summary>
    public const int Refused = 2;

    /// <summary>Fewer receivers than <c>--quorum</c> have it.</summary>
    public const int QuorumMissed = 3;

    /// <summary>Ended by Ctrl+C, as shells say it.</summary>
    public const int Interrupted = 130;

    /// <summary>Ended by SIGTERM, as shells say it.</summary>
    public const int Terminated = 143;
}
