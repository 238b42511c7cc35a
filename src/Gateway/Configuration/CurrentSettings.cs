namespace Gateway.Configuration;

/// <summary>The settings in force: one immutable whole, which a reload replaces by another. Whoever asks the container for
/// <see cref="GatewaySettings"/> in the course of a request gets those of the moment.</summary>
internal sealed class CurrentSettings
{
    private GatewaySettings _value;

    public CurrentSettings(GatewaySettings value) => _value = value;

    /// <summary>The settings now.</summary>
    public GatewaySettings Value
    {
        get => Volatile.Read(ref _value);
        set => Volatile.Write(ref _value, value);
    }
}
