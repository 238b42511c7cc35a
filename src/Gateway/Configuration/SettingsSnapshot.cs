namespace Gateway.Configuration;

/// <summary>A configuration that changes only as a whole, and only to one that was found right: the framework and the logger watch
/// this one, not the files.</summary>
internal sealed class SettingsSnapshot : ConfigurationRoot
{
    private readonly Provider _provider;

    public SettingsSnapshot(IConfiguration read)
        : this(new Provider(), read)
    {
    }

    private SettingsSnapshot(Provider provider, IConfiguration read)
        : base([provider])
    {
        _provider = provider;
        Replace(read);
    }

    /// <summary>Takes over another configuration and tells whoever watches.</summary>
    public void Replace(IConfiguration read) => _provider.Replace(read);

    private sealed class Provider : ConfigurationProvider
    {
        public void Replace(IConfiguration read)
        {
            Data = read.AsEnumerable().Where(pair => pair.Value is not null)
                .ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.OrdinalIgnoreCase);
            OnReload();
        }
    }
}
