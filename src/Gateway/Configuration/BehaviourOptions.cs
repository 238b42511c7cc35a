using static Gateway.Configuration.SettingForms;

namespace Gateway.Configuration;

/// <summary>Section <c>Behaviour</c>.</summary>
internal sealed class BehaviourOptions(SettingsReader reader)
{
    public bool PropagateOnStartup { get; } = reader.Read(
        "Behaviour:PropagateOnStartup", "false", Flag, "tells the nodes of 2012 of everything kept here at start");

    public bool AutoAddPeers { get; } = reader.Read(
        "Behaviour:AutoAddPeers", "true", Flag, "adds nodes that make themselves known to the servers asked");

    public bool ShareContent { get; } = reader.Read("Behaviour:ShareContent", "true", Flag, "keeps what was fetched and rains it on");
}
