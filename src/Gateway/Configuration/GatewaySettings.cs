namespace Gateway.Configuration;

/// <summary>Every setting, read and checked. A reload makes another one.</summary>
/// <remarks>
/// A setting is a property here or of one of the sections: its name, default, form, meaning and traits stand where it is read.
/// A new one needs that property, and what the tests then ask for: a row in the table of docs/settings.md and an entry in
/// appsettings.json.
/// </remarks>
internal sealed class GatewaySettings(SettingsReader reader)
{
    public IReadOnlyList<string> Urls { get; } = reader.Read("Urls", "http://localhost:8080", SettingForms.Urls, "where HTTP listens");

    public IReadOnlyList<string> AllowedHosts { get; } = reader.Read(
        "AllowedHosts", "", SettingForms.Hosts, "names by which the gateway may be asked, beside addresses, localhost and what Urls names",
        SettingTraits.Live);

    public RainOptions Rain { get; } = new(reader);

    public StoreOptions Store { get; } = new(reader);

    public ClusterOptions Cluster { get; } = new(reader);

    public DeployOptions Deploy { get; } = new(reader);

    public ArchiveOptions Archive { get; } = new(reader);

    public BehaviourOptions Behaviour { get; } = new(reader);

    public GatewayOptions Gateway { get; } = new(reader);
}
