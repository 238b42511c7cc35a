namespace Gateway.Configuration;

/// <summary>The settings in force: one immutable whole, which a reload replaces by another. Whoever asks the container for
/// <see cref="GatewaySettings"/> in the course of a request gets those of the moment.</summary>
internal sealed class CurrentSettings
{
    private GatewaySettings _value;
    private LoadedSettings _read;

    public CurrentSettings(LoadedSettings loaded) => (_value, _read, Started) = (loaded.Settings, loaded, StartedWith(loaded));

    /// <summary>The settings now.</summary>
    public GatewaySettings Value
    {
        get => Volatile.Read(ref _value);
        set => Volatile.Write(ref _value, value);
    }

    /// <summary>What was read and found right last, with what takes effect at the next start only.</summary>
    public LoadedSettings Read
    {
        get => Volatile.Read(ref _read);
        set => Volatile.Write(ref _read, value);
    }

    /// <summary>What only a start changes, as it was at this one, by name.</summary>
    public IReadOnlyDictionary<string, string?> Started { get; }

    private static Dictionary<string, string?> StartedWith(LoadedSettings loaded) =>
        KnownSettings.All.Where(setting => !setting.IsLive).ToDictionary(
            setting => setting.Name, string? (setting) => loaded.Configuration[setting.Name] ?? setting.Default);
}
