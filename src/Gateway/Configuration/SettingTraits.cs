namespace Gateway.Configuration;

/// <summary>What else is to be known of a setting.</summary>
[Flags]
internal enum SettingTraits
{
    /// <summary>A change waits for the next start.</summary>
    None = 0,

    /// <summary>Its value must not be shown.</summary>
    Secret = 1,

    /// <summary>A change takes effect while the gateway runs.</summary>
    Live = 2,

    /// <summary>Its default is more open than other values, so that while the gateway runs it is not taken back by being left out: only
    /// by being given another value.</summary>
    Protective = 4,
}
