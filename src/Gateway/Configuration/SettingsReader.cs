namespace Gateway.Configuration;

/// <summary>Reads settings one by one and remembers what is wrong.</summary>
internal sealed class SettingsReader
{
    private readonly IConfiguration _configuration;
    private readonly HashSet<Setting> _wrong = [];

    public SettingsReader(IConfiguration configuration, List<string> mistakes)
    {
        _configuration = configuration;
        Mistakes = mistakes;
    }

    /// <summary>A line for every wrong value.</summary>
    public List<string> Mistakes { get; }

    /// <summary>Whether the value that <see cref="Read"/> gave for a setting stands for a wrong one.</summary>
    public bool IsWrong(Setting setting) => _wrong.Contains(setting);

    /// <summary>Whether anything is configured under a name.</summary>
    public bool Has(string name) => _configuration.GetSection(name).Exists();

    /// <summary>The value of a setting; its default where none is given or a wrong one.</summary>
    public T Read<T>(Setting<T> setting)
    {
        var text = _configuration[setting.Name]?.Trim();
        if (!string.IsNullOrEmpty(text))
        {
            if (setting.Parse(text, out var value))
            {
                return value;
            }

            _wrong.Add(setting);
            Mistakes.Add($"{setting.Name} = \"{(setting.IsSecret ? "…" : text)}\": {setting.Wanted} is wanted.");
        }

        return setting.Parse(setting.Default, out var standard)
            ? standard
            : throw new InvalidOperationException($"The default of {setting.Name} is wrong.");
    }
}
