@echo off
rem Installs zjk_gis from the wheels beside this file, without any network: install.bat [FOLDER]
setlocal
set "target=%~1"
if "%target%"=="" set "target=%~dp0venv"
py -m venv "%target%" || exit /b 1
"%target%\Scripts\python" -m pip --disable-pip-version-check install --quiet --no-index --find-links "%~dp0wheels" "zjk_gis[all]" || exit /b 1
"%target%\Scripts\zjk-gis" --version
echo Try it:        "%target%\Scripts\zjk-gis" demo
echo Documentation: "%~dp0docs\index.html"
