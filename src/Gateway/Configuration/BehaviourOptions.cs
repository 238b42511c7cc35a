using static Gateway.Configuration.SettingForms;

namespace Gateway.Configuration;

/// <summary>Section <c>Behaviour</c>.</summary>
internal sealed class BehaviourOptions(SettingsReader reader)
{
    public bool PropagateOnStartup { get; } = reader.Read(
        "Behaviour:PropagateOnStartup", "false", Flag, "tells the nodes of 2012 of everything kept here at start");

    public bool AutoAddPeers { get; } = reader.Read(
        "Behaviour:AutoAddPeers", "true", Flag, "adds nodes that make themselves known to the servers asked");

    public bool ShareContent { get; } = reader.Read(
        "Behaviour:ShareContent", "true", Flag,
        "rains on what is fetched, each block once it is verified, tells others who fetch the same that it does, and keeps it");
}
