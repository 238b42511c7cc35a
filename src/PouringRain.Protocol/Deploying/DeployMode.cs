namespace PouringRain.Protocol.Deploying;

/// <summary>How what is deployed comes to its receivers.</summary>
public enum DeployMode : byte
{
    /// <summary>Each fetches it, in company with all the others.</summary>
    Swarm,

    /// <summary>It rains on a group, once for all.</summary>
    Group,
}
