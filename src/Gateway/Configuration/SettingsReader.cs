namespace Gateway.Configuration;

/// <summary>Reads settings one by one, each where it is declared, and remembers what was declared and what is wrong.</summary>
internal sealed class SettingsReader
{
    private readonly IConfiguration _configuration;
    private readonly string _contentRoot;
    private readonly Dictionary<string, Setting> _declared = [];
    private readonly HashSet<string> _wrong = [];

    /// <summary>Reads nothing yet.</summary>
    /// <param name="configuration">What is given.</param>
    /// <param name="contentRoot">Where files are looked for that are not in the working directory.</param>
    /// <param name="mistakes">Takes a line for every wrong value.</param>
    public SettingsReader(IConfiguration configuration, string contentRoot, List<string> mistakes)
    {
        _configuration = configuration;
        _contentRoot = contentRoot;
        Mistakes = mistakes;
    }

    /// <summary>A line for every wrong value.</summary>
    public List<string> Mistakes { get; }

    /// <summary>What was read so far, in that order.</summary>
    public IEnumerable<Setting> Declared => _declared.Values;

    /// <summary>Whether the value that was read for a setting stands for a wrong one.</summary>
    public bool IsWrong(string name) => _wrong.Contains(_declared[name].Name);

    /// <summary>Whether anything is configured under a name.</summary>
    public bool Has(string name) => _configuration.GetSection(name).Exists();

    /// <summary>Declares a setting and reads it.</summary>
    /// <param name="name">See <see cref="Setting"/>.</param>
    /// <param name="standard">Its default.</param>
    /// <param name="form">What values are right.</param>
    /// <param name="meaning">See <see cref="Setting"/>.</param>
    /// <param name="traits">See <see cref="Setting"/>.</param>
    /// <returns>Its value; its default where none is given or a wrong one.</returns>
    public T Read<T>(string name, string standard, SettingForm<T> form, string meaning, SettingTraits traits = SettingTraits.None)
    {
        var setting = new Setting(name, standard, form.Wanted, form.Example, meaning, traits, text => form.Parse(text, out _));
        _declared.Add(name, setting);
        var text = _configuration[name];
        if (!string.IsNullOrEmpty(text))
        {
            // Blanks alone are no value, and whoever wrote them meant one.
            if (text.Trim() is { Length: > 0 } trimmed && form.Parse(trimmed, out var value))
            {
                return value;
            }

            _wrong.Add(name);
            Mistakes.Add(setting.Mistake(text.Trim()));
        }

        return form.Parse(standard, out var byDefault)
            ? byDefault
            : throw new InvalidOperationException($"The default of {name} is wrong.");
    }

    /// <summary>The absolute path of a file: in the working directory, or in the content root or beside the executable if it is only
    /// there.</summary>
    public string FindFile(string path) =>
        new[] { Directory.GetCurrentDirectory(), _contentRoot, AppContext.BaseDirectory }
            .Select(folder => Path.GetFullPath(path, folder)).FirstOrDefault(File.Exists) ?? Path.GetFullPath(path);
}
